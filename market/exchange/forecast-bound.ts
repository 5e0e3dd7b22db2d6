import { iso } from "../../core/clock/clock.ts";
import type { ExchangeForecast } from "../../core/message/exchange-order.ts";

/** All that a participant has promised in one slot, in Wh. */
export interface Promised {
  soldWh: number;
  boughtWh: number;
  /** Part of them that is still open and may never trade. */
  openSellWh: number;
  openBuyWh: number;
}

/** A slot in which a participant has promised more than its forecast and its store allow. */
export interface Oversold {
  side: "buy" | "sell";
  startMs: number;
  /** So much too much. */
  overWh: number;
  message: string;
}

/**
 * The first slot in which the house cannot keep what it promised. Tried are two courses of its store: with every sale and only
 * the purchases that have traded, as full as it can be; and with every purchase and only the sales that have traded, as empty
 * as it can be. So no Wh of the store is sold in two slots, and no room in it is filled twice.
 * @param promised by start of the slot, ms
 * @returns null where all can be kept
 */
export function oversold(forecast: ExchangeForecast, promised: ReadonlyMap<number, Promised>): Oversold | null {
  const firstMs = Date.parse(forecast.start);
  const lengthMs = forecast.slotMinutes * 60_000;
  for (const [startMs, { soldWh, boughtWh, openSellWh, openBuyWh }] of promised) {
    const at = (startMs - firstMs) / lengthMs;
    // Traded before the forecast begins: what the store holds then is known to it.
    if (at < 0 && openSellWh + openBuyWh === 0) continue;
    if (soldWh + boughtWh > 0 && (!Number.isInteger(at) || forecast.netWh[at] === undefined))
      return refused(soldWh > 0 ? "sell" : "buy", startMs, soldWh + boughtWh, "the forecast does not cover it");
  }
  const none: Promised = { soldWh: 0, boughtWh: 0, openSellWh: 0, openBuyWh: 0 };
  const slots = forecast.netWh.map((netWh, at) => {
    const startMs = firstMs + at * lengthMs;
    return { startMs, netWh, ...(promised.get(startMs) ?? none) };
  });
  return everySale(forecast.store, slots) ?? everyPurchase(forecast.store, slots);
}

type SlotPromise = Promised & { startMs: number; netWh: number };
type Store = ExchangeForecast["store"];

const noStore: NonNullable<Store> = {
  fillWh: 0,
  minWh: 0,
  capacityWh: 0,
  chargeMaxWh: 0,
  dischargeMaxWh: 0,
  chargePerMille: 1000,
  dischargePerMille: 1000,
};

/** Energy that goes into the store for so much taken, and out of it for so much given; both rounded against the participant. */
const filledBy = (store: NonNullable<Store>, wh: number): number => Math.floor((wh * store.chargePerMille) / 1000);
const drainedBy = (store: NonNullable<Store>, wh: number): number => Math.ceil((wh * 1000) / store.dischargePerMille);

function everySale(given: Store, slots: readonly SlotPromise[]): Oversold | null {
  const store = given ?? noStore;
  let fillWh = store.fillWh;
  for (const { startMs, netWh, soldWh, boughtWh, openBuyWh } of slots) {
    const positionWh = soldWh - (boughtWh - openBuyWh);
    const surplusWh = netWh - positionWh;
    if (positionWh > 0 && surplusWh < 0) {
      const canWh = Math.min(store.dischargeMaxWh, deliverable(store, fillWh));
      if (-surplusWh > canWh) return refused("sell", startMs, -surplusWh - canWh, "surplus and store do not give as much");
      fillWh -= drainedBy(store, -surplusWh);
    } else if (surplusWh > 0)
      fillWh = Math.max(fillWh, Math.min(store.capacityWh, fillWh + filledBy(store, Math.min(surplusWh, store.chargeMaxWh))));
  }
  return null;
}

function everyPurchase(given: Store, slots: readonly SlotPromise[]): Oversold | null {
  const store = given ?? noStore;
  let fillWh = store.fillWh;
  for (const { startMs, netWh, soldWh, boughtWh, openSellWh } of slots) {
    const takenWh = boughtWh - (soldWh - openSellWh);
    const extraWh = takenWh + netWh;
    if (takenWh > 0 && extraWh > 0) {
      const filledWh = filledBy(store, Math.min(extraWh, store.chargeMaxWh));
      const overWh = Math.max(extraWh - store.chargeMaxWh, fillWh + filledWh - store.capacityWh);
      if (overWh > 0) return refused("buy", startMs, overWh, "house and store do not take as much");
      fillWh += filledWh;
    } else if (extraWh < 0) fillWh -= drainedBy(store, Math.min(-extraWh, store.dischargeMaxWh, deliverable(store, fillWh)));
  }
  return null;
}

/** What can still be given, Wh outside the store; draining it never goes below its least fill. */
function deliverable(store: NonNullable<Store>, fillWh: number): number {
  return Math.max(0, Math.floor(((fillWh - store.minWh) * store.dischargePerMille) / 1000));
}

function refused(side: "buy" | "sell", startMs: number, overWh: number, why: string): Oversold {
  const what = side === "sell" ? "sold" : "bought";
  return { side, startMs, overWh, message: `${overWh} Wh too much are ${what} for ${iso(startMs)}: ${why}` };
}
