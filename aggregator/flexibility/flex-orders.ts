import { slotsOfLocalDay, type Slot } from "../../core/slots.ts";
import type { IncomeSource } from "../reward/income.ts";
import type { BindingOrder, FlexPlace } from "./flex-desk.ts";

/** An order with its place, and what it came to: null while that is not agreed on. */
export interface PlacedOrder {
  place: Pick<FlexPlace, "point" | "date" | "timezone" | "slotMinutes">;
  order: BindingOrder;
  netMicro: bigint | null;
}

/** The orders of grid operators that bind an aggregator. */
export interface FlexOrders {
  /** From now on it binds; the same order again changes nothing. */
  ordered(place: PlacedOrder["place"], order: BindingOrder): void;
  agreed(reference: string, netMicro: bigint): void;
  /** The most that the homes at a point may take in the slot of an instant, W: a limit like that of a feeder. Infinity: no order. */
  limitAt(point: string, atMs: number): number;
  orders(): readonly PlacedOrder[];
}

/** @param known what was kept over a restart */
export function flexOrders(known: readonly PlacedOrder[] = []): FlexOrders {
  const orders = new Map(known.map((one) => [one.order.reference, { ...one }]));
  return {
    ordered(place, order) {
      if (!orders.has(order.reference)) orders.set(order.reference, { place, order, netMicro: null });
    },
    agreed(reference, netMicro) {
      const open = orders.get(reference);
      if (open) open.netMicro = netMicro;
    },
    limitAt(point, atMs) {
      let most = Infinity;
      for (const { place, order } of orders.values()) {
        if (place.point !== point) continue;
        const slot = slotsOf(place).findIndex(({ startMs, endMs }) => startMs <= atMs && atMs < endMs);
        if (slot >= 0) most = Math.min(most, Math.max(0, order.powerW[slot] ?? Infinity));
      }
      return most;
    },
    orders: () => [...orders.values()],
  };
}

/**
 * What grid operators paid for orders whose day begins on a service day, less penalties: a line of the account that rewards of the
 * homes are paid from. Not known while one of them is not agreed on.
 */
export function flexOrderIncome(orders: Pick<FlexOrders, "orders">): IncomeSource {
  return {
    source: "flexibility orders",
    earned({ startMs, endMs }: Slot) {
      let micro = 0n;
      for (const { place, netMicro } of orders.orders()) {
        const beginsMs = slotsOf(place)[0]?.startMs ?? 0;
        if (beginsMs < startMs || beginsMs >= endMs) continue;
        if (netMicro === null) return Promise.resolve(null);
        micro += netMicro;
      }
      return Promise.resolve(micro);
    },
  };
}

const slotsOf = ({ date, timezone, slotMinutes }: PlacedOrder["place"]): Slot[] => slotsOfLocalDay(date, timezone, slotMinutes);
