import fc from "fast-check";
import { expect, it } from "vitest";
import { iso } from "../../../core/clock/clock.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import type { PriceSeries } from "../../../core/message/price-series.ts";
import { openDeviations } from "../../../market/desk/open-deviations.ts";
import type { Deviated } from "../../../market/store/exchange-store.ts";

const [slotMs, hourMs] = [900_000, 3_600_000];
const startMs = Date.parse("2026-06-10T00:00:00Z");

/** Prices of so many hours from an hour of the day on. */
const pricesOf = (fromHour: number, hours: number): PriceSeries => {
  const perKwh = Array.from({ length: hours }, () => "1000");
  const start = iso(startMs + fromHour * hourMs);
  return { v: 1, currency: "EUR", start, stepS: 3600, importPerKwh: perKwh, exportPerKwh: perKwh };
};

const deviatedAt = (slot: number): Deviated => {
  const from = startMs + slot * slotMs;
  return { startMs: from, endMs: from + slotMs, side: "sell", tradedWh: 2, doneWh: 1, trades: ["0x1"] };
};

/** Corrects one after the other until none is left; gives the slots, in their order. */
async function corrected(slots: Set<number>, balancing: readonly PriceSeries[], nowMs: number) {
  const store = {
    nextDeviation: (_: string, fromMs: number) => {
      const first = [...slots].toSorted((a, b) => a - b).find((slot) => startMs + (slot + 1) * slotMs >= fromMs);
      return Promise.resolve(first === undefined ? null : deviatedAt(first));
    },
  };
  const next = openDeviations({ store, balancing, clock: fakeClock(nowMs) });
  const order: number[] = [];
  for (let open = await next("roof"); open; open = await next("roof")) {
    const slot = (open.found.startMs - startMs) / slotMs;
    slots.delete(slot);
    order.push(slot);
  }
  return { order, next };
}

it("corrects each deviation with a price once, oldest first, however many lie between without one and however old they are", () =>
  fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.nat(95), { maxLength: 30 }),
      fc.array(fc.tuple(fc.nat(23), fc.integer({ min: 1, max: 4 })), { maxLength: 4 }),
      fc.nat(60),
      async (slots, spans, days) => {
        const balancing = spans.map(([from, hours]) => pricesOf(from, hours));
        const priced = (slot: number): boolean => spans.some(([from, hours]) => slot >= from * 4 && slot < (from + hours) * 4);
        const { order } = await corrected(new Set(slots), balancing, startMs + (days + 1) * 24 * hourMs);
        expect(order).toEqual(slots.filter(priced).toSorted((a, b) => a - b));
      },
    ),
  ));

it("looks at nothing twice that is older than what participants still tell", async () => {
  const slots = new Set([1, 2]);
  const { order, next } = await corrected(slots, [pricesOf(0, 24)], startMs + 10 * 24 * hourMs);
  expect(order).toEqual([1, 2]);
  slots.add(3);
  expect(await next("roof")).toBeNull();
});
