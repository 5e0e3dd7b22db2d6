import type { AuctionOrder } from "../../market/exchange/auction-order.ts";
import { clearAuction } from "../../market/exchange/call-auction.ts";
import { pathFees } from "../../market/exchange/path-fees.ts";
import { type TradingSlot, type TradingStore, wishedOrders } from "../../planner/exchange-strategy.ts";
import type { CityData } from "../citylearn/city-data.ts";
import { atLeast, atMost, rounded } from "../report.ts";
import { carryOut, type CommunityHome, communityHomes, type Hour } from "./community-home.ts";
import type { Part } from "./exchange-part.ts";

/** Prices of every home's supplier and of the local grid, micro-units per kWh. */
const tariff = { import: 300_000n, export: 80_000n, fee: 20_000n };
const fees = pathFees(tariff.fee);
/** So far ahead a home with a store looks. */
const horizon = 24;

interface Sum {
  costMicro: bigint[];
  /** From and to all suppliers, Wh. */
  importWh: number;
  exportWh: number;
  tradedWh: number;
  /** Through the transformer into the community, Wh. */
  throughWh: number;
  /** At the transformer, from the grid and into it, W: hours are the slots. */
  peakInW: number;
  peakOutW: number;
}

/**
 * A community of homes for some weeks of hours, each home with a supplier of its own, without and with the exchange. Half of the
 * homes have PV, a third a store, from the load and PV of CityLearn's 17 homes, shifted by weeks. Without: a store takes the home's
 * own surplus and serves its own need. With: one auction an hour, orders by the gateway's strategy. A home knows the hour that is
 * traded, and expects of those to come what was metered a day before, and prices as they were at that time of day.
 */
export function communityPart(
  data: CityData,
  { homes, days, firstHour }: { homes: number; days: number; firstHour: number },
): Part {
  const hours = days * 24;
  const without = simulated(communityHomes(data, homes), { firstHour, hours, trade: false });
  const having = simulated(communityHomes(data, homes), { firstHour, hours, trade: true });
  const loadWh = communityHomes(data, homes).reduce((sum, home) => {
    for (let hour = firstHour; hour < firstHour + hours; hour += 1) sum += home.loadWh(hour);
    return sum;
  }, 0);
  const better = having.costMicro.filter((cost, at) => cost <= (without.costMicro[at] ?? 0n)).length / homes;
  const money = ({ costMicro }: Sum): number => Number(costMicro.reduce((sum, one) => sum + one, 0n)) / 1e6;
  const row = (what: string, sum: Sum): Record<string, string | number> => ({
    what: `community of ${homes} homes, ${days} days, ${what}`,
    "cost EUR": rounded(money(sum)),
    "ct a kWh of load": rounded((money(sum) / loadWh) * 1e5),
    "not from suppliers, % of load": rounded((1 - sum.importWh / loadWh) * 100),
    "not through the transformer, % of load": rounded((1 - sum.throughWh / loadWh) * 100),
    "traded kWh": rounded(sum.tradedWh / 1000),
    "peak in kW": rounded(sum.peakInW / 1000),
    "peak out kW": rounded(sum.peakOutW / 1000),
  });
  return {
    rows: [row("without the exchange", without), row("with it", having)],
    claims: [
      atMost("community: cost with the exchange / without", money(having) / money(without), 1),
      atLeast("community: not from suppliers, points more of the load", ((without.importWh - having.importWh) / loadWh) * 100, 0),
      // Trades say who pays; only stores that work for others, with losses, change what flows.
      atMost("community: through the transformer with the exchange / without", having.throughWh / without.throughWh, 1.02),
      atMost("community: highest power from the grid with the exchange / without", having.peakInW / without.peakInW, 1.1),
      atLeast("community: homes that are not worse off, %", better * 100, 95),
    ],
  };
}

function simulated(
  homes: CommunityHome[],
  { firstHour, hours, trade }: { firstHour: number; hours: number; trade: boolean },
): Sum {
  const sum: Sum = {
    costMicro: homes.map(() => 0n),
    importWh: 0,
    exportWh: 0,
    tradedWh: 0,
    throughWh: 0,
    peakInW: 0,
    peakOutW: 0,
  };
  /** What sellers got at each hour of the day when last traded. */
  const seen = Array.from({ length: 24 }, () => (tariff.import + tariff.export) / 2n);
  for (let hour = firstHour; hour < firstHour + hours; hour += 1) {
    const wishes = homes.map((home) => (trade ? ordersOf(home, hour, seen) : []));
    const { trades } = clearAuction(wishes.flat(), fees);
    const price = trades[0]?.price;
    if (price !== undefined) seen[hour % 24] = price;
    let transformerWh = 0;
    for (const [at, home] of homes.entries()) {
      const slot: Hour = { netWh: home.netWh(hour), soldWh: 0, boughtWh: 0, storeSoldWh: 0, storeBoughtWh: 0, needBidWh: 0 };
      let owed = 0n;
      for (const order of wishes[at] ?? []) if (order.side === "buy" && isNeed(order)) slot.needBidWh += order.wh;
      for (const { buy, sell, wh, paid, received } of trades) {
        if (buy.participant === home.name) {
          slot.boughtWh += wh;
          if (!isNeed(buy)) slot.storeBoughtWh += wh;
          owed += paid;
        }
        if (sell.participant === home.name) {
          slot.soldWh += wh;
          if (isStore(sell)) slot.storeSoldWh += wh;
          owed -= received;
        }
      }
      const gridWh = carryOut(home, slot, trade);
      // What the meter shows beyond the trades is the supplier's.
      const residualWh = gridWh - slot.boughtWh + slot.soldWh;
      owed += (BigInt(residualWh) * (residualWh > 0 ? tariff.import : tariff.export)) / 1000n;
      sum.costMicro[at] = (sum.costMicro[at] ?? 0n) + owed;
      if (residualWh > 0) sum.importWh += residualWh;
      else sum.exportWh -= residualWh;
      transformerWh += gridWh;
    }
    sum.tradedWh += trades.reduce((all, { wh }) => all + wh, 0);
    sum.throughWh += Math.max(0, transformerWh);
    sum.peakInW = Math.max(sum.peakInW, transformerWh);
    sum.peakOutW = Math.max(sum.peakOutW, -transformerWh);
  }
  return sum;
}

const isNeed = ({ hash }: AuctionOrder): boolean => hash.endsWith("need");
const isStore = ({ hash }: AuctionOrder): boolean => hash.endsWith("store");

/** Orders of this hour; a home without a store need not look further. */
function ordersOf(home: CommunityHome, hour: number, seen: readonly bigint[]): AuctionOrder[] {
  const ahead = home.store ? horizon : 1;
  const slots = Array.from({ length: ahead }, (_, at): TradingSlot => {
    const sellPrice = seen[(hour + at) % 24] ?? tariff.export;
    return {
      startMs: hour + at,
      netWh: at === 0 ? home.netWh(hour) : home.netWh(hour + at - 24),
      importPrice: tariff.import,
      exportPrice: tariff.export,
      sellPrice,
      buyPrice: sellPrice + tariff.fee,
    };
  });
  const store: TradingStore | null = home.store && {
    ...home.store,
    fillWh: home.fillWh,
    energyCost: tariff.export,
    wear: 10_000n,
  };
  return wishedOrders(slots, store)
    .filter(({ startMs }) => startMs === hour)
    .map(({ side, wh, limit, why }, at) => ({
      hash: `${home.name} ${String(at).padStart(2, "0")} ${why}`,
      participant: home.name,
      side,
      wh,
      limit,
      zone: "community",
    }));
}
