import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { greedyPlan, type PlannedAppliance, type PlannedSpan, type PricedSlot } from "../../planner/greedy-plan.ts";

const hourMs = 3_600_000;
/** 18:00 UTC; zones are UTC here, other zones are tried with the demand windows. */
const startMs = Date.parse("2026-04-02T18:00:00Z");

const slotsOf = (prices: readonly number[], minutes = 60): PricedSlot[] =>
  prices.map((price, at) => ({
    startMs: startMs + at * minutes * 60_000,
    endMs: startMs + (at + 1) * minutes * 60_000,
    microPerKwh: BigInt(price),
  }));
const plenty = (slots: readonly unknown[]): number[] => slots.map(() => 1_000_000);
function energy(
  resource: string,
  energyWh: number,
  notBefore: string,
  readyBy: string,
  change: Partial<PlannedAppliance> = {},
): PlannedAppliance {
  return {
    resource,
    powerW: 2000,
    demand: { kind: "energy", energyWh, notBefore, readyBy },
    timezone: "UTC",
    deliveredWh: 0,
    ...change,
  };
}
const block = (maxBlockS: number, minFreeS: number): PlannedAppliance => ({
  resource: "heat_pump",
  powerW: 2500,
  demand: { kind: "block", maxBlockS, minFreeS },
  timezone: "UTC",
  deliveredWh: 0,
});
/** On or off of each slot, from the joined spans. */
const unrolled = (slots: readonly PricedSlot[], spans: readonly PlannedSpan[] = []): boolean[] =>
  slots.map(({ startMs: from, endMs }) => {
    const holding = spans.filter((span) => span.startMs <= from && endMs <= span.endMs);
    expect(holding).toHaveLength(1);
    return holding[0]?.on ?? false;
  });
const hoursOn = (slots: readonly PricedSlot[], spans: readonly PlannedSpan[] = []): number[] =>
  unrolled(slots, spans).flatMap((on, at) => (on ? [at] : []));

describe("energy before a deadline", () => {
  it("goes into the cheapest slots of the window, not into cheaper ones outside", () => {
    const slots = slotsOf([10, 90, 50, 40, 60, 30, 1, 1]);
    const { spans, shortfalls } = greedyPlan(slots, [energy("boiler", 4000, "19:00", "00:00")], plenty(slots));
    expect(hoursOn(slots, spans.get("boiler"))).toEqual([3, 5]);
    expect(shortfalls).toEqual([]);
    expect(spans.get("boiler")?.find(({ on }) => on)?.reason).toBe("cheapest time before 00:00");
  });

  it("takes the earlier of equally cheap slots, and negative prices before all", () => {
    const slots = slotsOf([5, 5, 5, -7, 5, 5]);
    const { spans } = greedyPlan(slots, [energy("boiler", 4000, "18:00", "00:00")], plenty(slots));
    expect(hoursOn(slots, spans.get("boiler"))).toEqual([0, 3]);
  });

  it("counts what the window under way has had already, but not for the next window", () => {
    const slots = slotsOf(Array.from({ length: 36 }, (_, hour) => hour));
    const { spans } = greedyPlan(slots, [energy("boiler", 6000, "16:00", "23:00", { deliveredWh: 4000 })], plenty(slots));
    expect(hoursOn(slots, spans.get("boiler"))).toEqual([0, 22, 23, 24]);
  });

  it("plans no window whose deadline lies beyond the prices", () => {
    const slots = slotsOf([5, 5, 5]);
    expect(
      hoursOn(slots, greedyPlan(slots, [energy("boiler", 2000, "18:00", "06:00")], plenty(slots)).spans.get("boiler")),
    ).toEqual([]);
  });

  it("names the energy that does not fit, and plans as much as it can", () => {
    const slots = slotsOf([5, 5, 5]);
    const { spans, shortfalls } = greedyPlan(slots, [energy("car", 7001, "18:00", "21:00")], plenty(slots));
    expect(hoursOn(slots, spans.get("car"))).toEqual([0, 1, 2]);
    expect(shortfalls).toEqual([{ resource: "car", readyMs: Date.parse("2026-04-02T21:00:00Z"), missingWh: 1001 }]);
  });

  it("gives a place under the house's limit to the appliance with the least slack", () => {
    const slots = slotsOf([1, 2, 3, 4, 5, 6]);
    const relaxed = energy("car", 6000, "18:00", "00:00");
    const tight = energy("boiler", 4000, "18:00", "20:00");
    for (const order of [
      [relaxed, tight],
      [tight, relaxed],
    ]) {
      const { spans, shortfalls } = greedyPlan(
        slots,
        order,
        slots.map(() => 2000),
      );
      expect(shortfalls).toEqual([]);
      expect(hoursOn(slots, spans.get("boiler"))).toEqual([0, 1]);
      expect(hoursOn(slots, spans.get("car"))).toEqual([2, 3, 4]);
    }
  });

  it("plans nothing without prices", () =>
    expect(greedyPlan([], [energy("car", 1, "18:00", "20:00")], []).shortfalls).toEqual([]));
});

const prices = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 8, maxLength: 40 });

it("is as cheap as the best choice of slots, for any prices", () => {
  fc.assert(
    fc.property(prices, fc.integer({ min: 1, max: 20_000 }), (given, energyWh) => {
      const slots = slotsOf(given.slice(0, 8));
      const { spans, shortfalls } = greedyPlan(slots, [energy("boiler", energyWh, "18:00", "02:00")], plenty(slots));
      const chosen = hoursOn(slots, spans.get("boiler")).map((at) => given[at] ?? 0);
      const count = Math.min(8, Math.ceil(energyWh / 2000));
      const best = given
        .slice(0, 8)
        .toSorted((one, other) => one - other)
        .slice(0, count);
      expect(chosen.toSorted((one, other) => one - other)).toEqual(best);
      expect(shortfalls.map(({ missingWh }) => missingWh)).toEqual(energyWh > 16_000 ? [energyWh - 16_000] : []);
    }),
  );
});

it("never plans more power into a slot than the house has room for", () => {
  const appliance = fc.record({ powerW: fc.integer({ min: 500, max: 4000 }), energyWh: fc.integer({ min: 100, max: 30_000 }) });
  fc.assert(
    fc.property(
      prices,
      fc.array(appliance, { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 0, max: 9000 }),
      (given, wanted, freeW) => {
        const slots = slotsOf(given, 30);
        const appliances = wanted.map(({ powerW, energyWh }, at) => energy(`a${at}`, energyWh, "18:00", "08:00", { powerW }));
        const { spans } = greedyPlan(
          slots,
          appliances,
          slots.map(() => freeW),
        );
        const on = appliances.map(({ resource, powerW }) => unrolled(slots, spans.get(resource)).map((is) => (is ? powerW : 0)));
        for (const at of slots.keys()) expect(on.reduce((sum, each) => sum + (each[at] ?? 0), 0)).toBeLessThanOrEqual(freeW);
      },
    ),
  );
});

describe("an appliance that may only be blocked", () => {
  it("is blocked in the dearest slots", () => {
    const slots = slotsOf([5, 5, 5, 90, 5, 5, 5, 80]);
    const spans = greedyPlan(slots, [block(3600, 3600)], plenty(slots)).spans.get("heat_pump");
    expect(unrolled(slots, spans).flatMap((on, at) => (on ? [] : [at]))).toEqual([3, 7]);
  });

  it("is never blocked too long, nor again too soon, for any prices", () => {
    const rule = fc.record({ maxBlockS: fc.integer({ min: 900, max: 10_800 }), minFreeS: fc.integer({ min: 900, max: 10_800 }) });
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 20 }), { minLength: 4, maxLength: 150 }),
        rule,
        (given, { maxBlockS, minFreeS }) => {
          const slots = slotsOf(given, 15);
          const spans = greedyPlan(slots, [block(maxBlockS, minFreeS)], plenty(slots)).spans.get("heat_pump") ?? [];
          unrolled(slots, spans);
          for (const [at, { startMs: from, endMs, on }] of spans.entries()) {
            if (!on) expect(endMs - from).toBeLessThanOrEqual(maxBlockS * 1000);
            else if (at > 0 && at < spans.length - 1) expect(endMs - from).toBeGreaterThanOrEqual(minFreeS * 1000);
          }
        },
      ),
    );
  });

  it("takes no room from the others", () => {
    const slots = slotsOf([1, 2]);
    const { shortfalls } = greedyPlan(slots, [block(3600, 3600), energy("boiler", 4000, "18:00", "20:00")], [2000, 2000]);
    expect(shortfalls).toEqual([]);
  });
});

it("joins neighbouring slots that say the same", () => {
  const slots = slotsOf([1, 1, 9, 9]);
  const spans = greedyPlan(slots, [energy("boiler", 4000, "18:00", "22:00")], plenty(slots)).spans.get("boiler");
  expect(spans?.map(({ startMs: from, endMs, on }) => [(from - startMs) / hourMs, (endMs - startMs) / hourMs, on])).toEqual([
    [0, 2, true],
    [2, 4, false],
  ]);
});
