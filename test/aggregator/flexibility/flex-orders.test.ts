import { expect, it } from "vitest";
import { flexOrderIncome, flexOrders } from "../../../aggregator/flexibility/flex-orders.ts";
import { limitAt } from "../../../aggregator/optimise/feeder-groups.ts";

const place = { point: "feeder", date: "2026-12-01", timezone: "Europe/Amsterdam", slotMinutes: 60 } as const;
const order = (reference: string, first: number, price = 1_000_000n) => ({
  reference,
  powerW: [first, ...Array.from({ length: 23 }, () => 9000)],
  baselineW: Array.from({ length: 24 }, () => 9000),
  price,
  asked: [1, ...Array.from({ length: 23 }, () => 0)],
  penaltyPerKwh: 0n,
});
const startMs = Date.parse("2026-11-30T23:00:00Z");
const day = { startMs, endMs: startMs + 24 * 3_600_000 };

it("limits the homes at a point to what was ordered, slot by slot", () => {
  const orders = flexOrders();
  expect(orders.limitAt("feeder", startMs)).toBe(Infinity);
  orders.ordered(place, order("a", 4000));
  orders.ordered(place, order("a", 1));
  expect(orders.limitAt("feeder", startMs + 1)).toBe(4000);
  expect(orders.limitAt("feeder", startMs + 3_600_000)).toBe(9000);
  expect(orders.limitAt("feeder", startMs - 1)).toBe(Infinity);
  expect(orders.limitAt("other", startMs)).toBe(Infinity);
  const feeder = { name: "feeder", importLimitW: 6000, day: [], timezone: "UTC", sites: ["home"] };
  const bound = { ...feeder, orderedW: (atMs: number) => orders.limitAt("feeder", atMs) };
  expect([startMs, startMs + 3_600_000].map((atMs) => limitAt(bound, atMs))).toEqual([4000, 6000]);
  expect(limitAt(feeder, startMs)).toBe(6000);
});

it("brings in what was agreed on, on the day of the order, and says nothing before", async () => {
  const orders = flexOrders();
  const { earned } = flexOrderIncome(orders);
  expect(await earned(day)).toBe(0n);
  orders.ordered(place, order("a", 4000));
  orders.ordered({ ...place, point: "west" }, order("b", 4000));
  expect(await earned(day)).toBeNull();
  orders.agreed("a", 900_000n);
  expect(await earned(day)).toBeNull();
  orders.agreed("b", -100_000n);
  orders.agreed("unknown", 1n);
  expect(await earned(day)).toBe(800_000n);
  expect(await earned({ startMs: day.endMs, endMs: day.endMs + 1 })).toBe(0n);
  // As it was after a restart.
  expect(await flexOrderIncome(flexOrders(orders.orders())).earned(day)).toBe(800_000n);
});
