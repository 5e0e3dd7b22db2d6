import type { TradingStore } from "../../planner/exchange-strategy.ts";
import type { CityData } from "../citylearn/city-data.ts";

type Store = Omit<TradingStore, "energyCost" | "wear" | "fillWh">;

/** A home of the community; only its fill changes. */
export interface CommunityHome {
  name: string;
  store: Store | null;
  fillWh: number;
  /** Of an hour of the data's year; earlier and later hours go round it. */
  loadWh(hour: number): number;
  /** PV less load. */
  netWh(hour: number): number;
}

/** What a home traded in an hour, and of that its store. */
export interface Hour {
  netWh: number;
  soldWh: number;
  boughtWh: number;
  storeSoldWh: number;
  storeBoughtWh: number;
  /** Own need that it bid for, and so does not take out of the store. */
  needBidWh: number;
}

const week = 7 * 24;
const homeStore: Store = {
  minWh: 0,
  capacityWh: 6000,
  chargeMaxWh: 2500,
  dischargeMaxWh: 2500,
  chargePerMille: 950,
  dischargePerMille: 950,
};

/** Homes from the 17 of the data: each further round of them a few weeks later. Every second has PV, every third of those a store more. */
export function communityHomes({ loadKwh, pvKwh }: CityData, count: number): CommunityHome[] {
  const hours = loadKwh[0]?.length ?? 0;
  return Array.from({ length: count }, (_, at) => {
    const shift = Math.floor(at / loadKwh.length) * 3 * week;
    const place = (hour: number): number => (((hour + shift) % hours) + hours) % hours;
    const [load, pv] = [loadKwh[at % loadKwh.length], pvKwh[at % pvKwh.length]];
    const loadWh = (hour: number): number => Math.round((load?.[place(hour)] ?? 0) * 1000);
    // The sun is the same for all: PV is not shifted.
    const pvWh = (hour: number): number => (at % 2 === 0 ? Math.round((pv?.[((hour % hours) + hours) % hours] ?? 0) * 1000) : 0);
    return {
      name: `h${String(at).padStart(3, "0")}`,
      store: at % 3 === 0 ? homeStore : null,
      fillWh: 0,
      loadWh,
      netWh: (hour) => pvWh(hour) - loadWh(hour),
    };
  });
}

/**
 * What really flows in an hour: trades of the store are carried out, what is over goes into it as far as there is room, and it
 * serves own need, but for what the home bid for. Changes the fill. @returns Wh from the grid, negative into it
 */
export function carryOut(home: CommunityHome, hour: Hour, trade: boolean): number {
  const { store } = home;
  if (!store) return -hour.netWh;
  const own = hour.netWh + (hour.boughtWh - hour.storeBoughtWh) - (hour.soldWh - hour.storeSoldWh);
  const needWh = Math.max(0, -own);
  const fromStore = hour.storeSoldWh + (trade ? Math.max(0, Math.max(0, -hour.netWh) - hour.needBidWh) : needWh);
  const intoStore = hour.storeBoughtWh + Math.max(0, own);
  const roomWh = Math.floor(((store.capacityWh - home.fillWh) * 1000) / store.chargePerMille);
  const takesWh = fromStore > 0 ? 0 : Math.min(intoStore, store.chargeMaxWh, roomWh);
  const thereWh = Math.floor(((home.fillWh - store.minWh) * store.dischargePerMille) / 1000);
  const givesWh = Math.min(fromStore, store.dischargeMaxWh, thereWh);
  home.fillWh += Math.floor((takesWh * store.chargePerMille) / 1000) - Math.ceil((givesWh * 1000) / store.dischargePerMille);
  return -hour.netWh + takesWh - givesWh;
}
