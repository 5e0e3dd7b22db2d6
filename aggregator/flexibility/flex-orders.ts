import type { Slot } from "../../core/slots.ts";
import type { IncomeSource } from "../reward/income.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { KeptOrder } from "../store/flex-order-store.ts";

/** What an order leaves the homes at its point in one slot, W. */
export interface OrderBound {
  mostW: number;
  leastW: number;
}

/**
 * Bounds of the homes at a point in the slot of an instant, by the orders that bind there: where less was asked for, no more than was
 * ordered; where more, no less. A slot that nothing was asked for may be left as far as the grid's limits have room: only those are
 * the grid operator's affair there. Infinity: no order.
 */
export function boundAt(orders: readonly KeptOrder[], point: string, atMs: number): OrderBound {
  const bound: OrderBound = { mostW: Infinity, leastW: -Infinity };
  for (const order of orders) {
    if (order.point !== point || atMs < order.startMs || atMs >= order.endMs) continue;
    const slot = Math.floor((atMs - order.startMs) / (order.slotMinutes * 60_000));
    const watts = order.powerW[slot];
    if (watts === undefined) continue;
    const asked = order.asked[slot] ?? 0;
    if (asked >= 0) bound.mostW = Math.min(bound.mostW, asked > 0 ? watts : (order.leeway.mostW[slot] ?? watts));
    if (asked <= 0) bound.leastW = Math.max(bound.leastW, asked < 0 ? watts : (order.leeway.leastW[slot] ?? watts));
  }
  return bound;
}

/** What a kWh that is moved out of a slot brings by the orders at a point, micro-units; below 0 where more was asked for. */
export function orderPriceOf(order: KeptOrder, slot: number): bigint {
  const direction = order.asked[slot] ?? 0;
  const movedWh = movedBy(order);
  return direction === 0 || movedWh === 0 ? 0n : (BigInt(direction) * order.price * 1000n) / BigInt(movedWh);
}

/** What an order moves as it was asked for, Wh. */
function movedBy({ powerW, baselineW, asked, slotMinutes }: KeptOrder): number {
  const watts = asked.reduce(
    (sum, direction, slot) => sum + Math.max(0, ((baselineW[slot] ?? 0) - (powerW[slot] ?? 0)) * direction),
    0,
  );
  return Math.round((watts * slotMinutes) / 60);
}

const dayMs = 24 * 3_600_000;
/** So long after its day an order that is not agreed on no longer holds the account of that day up: see dayReckoner. */
const incomeWaitsMs = dayMs;
/** Orders are settled within days; what is older is settled, or never. */
const longestMs = 70 * dayMs;

/**
 * What grid operators paid for orders, less penalties: a line of the account that rewards of the homes are paid from. An order
 * counts on the service day on which its own day begins, and what that day's rewards leave of it on the next: who charges a car
 * over night is rewarded on the day on which it is ready. One that was agreed on too late for its day counts as one of the day of
 * the agreement. Not known while an order is not agreed on.
 */
export function flexOrderIncome(store: Pick<AggregatorStore, "flexOrders" | "rewards">): IncomeSource {
  return {
    source: "flexibility orders",
    async earned(day: Slot) {
      const orders = await store.flexOrders(day.startMs - longestMs, day.endMs);
      const before = { startMs: day.startMs - longestDayMs, endMs: day.startMs };
      const [today, yesterday] = [incomeOn(orders, day), incomeOn(orders, before)];
      if (today === null || yesterday === null) return null;
      if (yesterday <= 0n) return today;
      const paid = (await store.rewards(null, before.startMs, before.endMs)).reduce((sum, { amount }) => sum + amount, 0n);
      return paid < yesterday ? today + yesterday - paid : today;
    },
  };
}

/** The day before begins 23 to 25 hours before, and no other one's orders do. */
const longestDayMs = 25 * 3_600_000;

function incomeOn(orders: readonly KeptOrder[], day: Slot): bigint | null {
  let micro = 0n;
  for (const { startMs, netMicro, agreedMs } of orders) {
    const isOwnDay = within(day, startMs);
    if (netMicro === null || agreedMs === null) {
      if (isOwnDay) return null;
    } else if (agreedMs < lastWait(startMs, day) ? isOwnDay : within(day, agreedMs)) micro += netMicro;
  }
  return micro;
}

/** A service day is as long as another one, to an hour: until then its account waits. */
function lastWait(startMs: number, day: Slot): number {
  const days = Math.floor((startMs - day.startMs) / dayMs);
  return day.endMs + days * dayMs + incomeWaitsMs;
}

const within = ({ startMs, endMs }: Slot, atMs: number): boolean => startMs <= atMs && atMs < endMs;
