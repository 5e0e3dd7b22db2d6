import type { OrderEvidence } from "../../core/message/settlement-message.ts";
import type { Slot } from "../../core/slots.ts";
import { orderEvidence } from "../../settlement/record/flex-order.ts";
import type { FeederConfig } from "../config/aggregator-config.ts";
import type { MarketAccess } from "../config/market-config.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { daySlots, settledHere } from "./flex-settlements.ts";

const dayMs = 86_400_000;

/** An order by its reference with what own meters say of it; null where it is not known here, not agreed on, or not metered yet. */
export type OrderOf = (reference: string) => Promise<OrderEvidence | null>;

/** What the homes of each point took together in a slot, less what they fed back, Wh; null while one of them has not told it. */
export function meteredAt(
  access: Pick<MarketAccess, "points">,
  feeders: readonly FeederConfig[],
  store: Pick<AggregatorStore, "slots">,
): (point: string, slot: Slot) => Promise<number | null> {
  return async (point, { startMs, endMs }) => {
    const feeder = access.points.find((one) => one.point === point)?.feeder;
    const sites = feeders.find(({ name }) => name === feeder)?.sites ?? [];
    let sum = 0;
    for (const site of sites) {
      const wh = async (register: "import" | "export"): Promise<number | null> => {
        const slots = await store.slots(site, register, startMs, endMs);
        const known = new Map(slots.map((slot) => [slot.startMs, slot]));
        const covered = [...known.values()].reduce((ms, slot) => ms + slot.endMs - slot.startMs, 0);
        return covered < endMs - startMs ? null : [...known.values()].reduce((all, slot) => all + slot.wh, 0);
      };
      const taken = await wh("import");
      if (taken === null) return null;
      const fed = await wh("export");
      // A house that never feeds back may have no such register; of one that has it, what it fed back is still to come.
      if (fed === null && (await store.slots(site, "export", startMs - dayMs, endMs)).length > 0) return null;
      sum += taken - (fed ?? 0);
    }
    return sites.length === 0 ? null : sum;
  };
}

/** Orders as evidence by own meters. */
export function ordersHere(
  store: Pick<AggregatorStore, "flexOrder">,
  meteredWh: (point: string, slot: Slot) => Promise<number | null>,
): OrderOf {
  return async (reference) => {
    const order = await store.flexOrder(reference);
    const own = order && order.netMicro !== null ? await settledHere(order, meteredWh) : null;
    return order && own ? orderEvidence({ ...order, offer: order.reference }, own, daySlots(order)) : null;
  };
}
