import { describe, expect, it } from "vitest";
import { boundAt, flexOrderIncome, orderPriceOf } from "../../../aggregator/flexibility/flex-orders.ts";
import type { KeptOrder } from "../../../aggregator/store/flex-order-store.ts";

const startMs = Date.parse("2026-11-30T23:00:00Z");
const hourMs = 3_600_000;
const day = { startMs, endMs: startMs + 24 * hourMs };
const order = (reference: string, change: Partial<KeptOrder> = {}): KeptOrder => ({
  reference,
  point: "feeder",
  date: "2026-12-01",
  timezone: "Europe/Amsterdam",
  slotMinutes: 60,
  ...day,
  powerW: [4000, 11_000, ...Array.from({ length: 22 }, () => 9000)],
  baselineW: Array.from({ length: 24 }, () => 9000),
  price: 1_000_000n,
  asked: [1, -1, ...Array.from({ length: 22 }, () => 0)],
  leeway: { mostW: Array.from({ length: 24 }, () => 12_000), leastW: Array.from({ length: 24 }, () => -3000) },
  penaltyPerKwh: 0n,
  orderedMs: 0,
  netMicro: null,
  agreedMs: null,
  ...change,
});

describe("an order of a grid operator", () => {
  it("bounds the homes at its point slot by slot: from above, from below where more was asked for, else by what limits leave", () => {
    const bound = (atMs: number, point = "feeder") => boundAt([order("a")], point, atMs);
    expect(bound(startMs)).toEqual({ mostW: 4000, leastW: -Infinity });
    expect(bound(startMs + hourMs)).toEqual({ mostW: Infinity, leastW: 11_000 });
    expect(bound(startMs + 2 * hourMs)).toEqual({ mostW: 12_000, leastW: -3000 });
    for (const nothing of [bound(startMs - 1), bound(day.endMs), bound(startMs, "other")])
      expect(nothing).toEqual({ mostW: Infinity, leastW: -Infinity });
  });

  it("makes a kWh that is moved as asked worth its price, and one the other way round cost it", () => {
    // 1.00 for 5 kWh less and 2 kWh more.
    expect(orderPriceOf(order("a"), 0)).toBe(142_857n);
    expect(orderPriceOf(order("a"), 1)).toBe(-142_857n);
    expect(orderPriceOf(order("a"), 2)).toBe(0n);
    expect(orderPriceOf(order("a", { asked: [] }), 0)).toBe(0n);
  });
});

describe("income from orders", () => {
  const reward = { site: "home", ...day, agreement: "", earned: 0n, evidence: null };
  const earned = (orders: KeptOrder[], of = day, paid = 900_000n) =>
    flexOrderIncome({
      flexOrders: async () => orders,
      rewards: async (_, fromMs) => (fromMs <= day.startMs ? [{ ...reward, amount: paid }] : []),
    }).earned(of);
  const agreed = { agreedMs: day.endMs + hourMs };
  const next = { startMs: day.endMs, endMs: day.endMs + 24 * hourMs };

  it("is what was agreed on, on the day of the order, and not known before", async () => {
    expect(await earned([])).toBe(0n);
    expect(await earned([order("a"), order("b", { netMicro: -100_000n, ...agreed })])).toBeNull();
    const both = [order("a", { netMicro: 900_000n, ...agreed }), order("b", { netMicro: -100_000n, ...agreed })];
    expect(await earned(both)).toBe(800_000n);
    expect(await earned(both, next)).toBe(0n);
    // What its rewards leave is there for those of the next day, and for no day after.
    expect(await earned(both, next, 300_000n)).toBe(500_000n);
    expect(await earned(both, { startMs: next.endMs, endMs: next.endMs + 24 * hourMs }, 0n)).toBe(0n);
  });

  it("that comes too late for its day counts on the day of the agreement", async () => {
    const late = [order("a", { netMicro: 900_000n, agreedMs: day.endMs + 30 * hourMs })];
    expect(await earned(late)).toBe(0n);
    expect(await earned(late, next)).toBe(0n);
    const after = { startMs: next.endMs, endMs: next.endMs + 24 * hourMs };
    expect(await earned(late, after)).toBe(900_000n);
  });
});
