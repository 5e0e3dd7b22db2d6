import { expect, it } from "vitest";
import { readProblem } from "../../planner/home-of.ts";
import { wishPrices } from "../../planner/wish-prices.ts";

const fast = { name: "fast" as const };
/** 2 kWh by the end of slot 4 at 1 kW; the cheapest two of them are slots 2 and 3. */
const boiler = readProblem(
  {
    slot_minutes: 60,
    import_price_per_kwh: [0.3, 0.3, 0.1, 0.12, 0.05, 0.4],
    appliances: [{ type: "deferrable", name: "boiler", energy_wh: 2000, power_w: 1000, until: 4 }],
  },
  "test",
);

it("prices a deadline an hour earlier and an hour later", () => {
  const [earlier, later, ...more] = wishPrices(boiler, fast);
  expect(more).toEqual([]);
  expect(earlier).toMatchObject({ name: "boiler", shiftMinutes: -60, missingWh: 0 });
  expect(earlier?.cost).toBeCloseTo(0.18, 6);
  expect(later?.cost).toBeCloseTo(-0.07, 6);
});

it("says what would be missing, and leaves out what lies outside the plan", () => {
  const tight = { ...boiler, appliances: boiler.appliances.map((one) => ({ ...one, until: 2 })) } as typeof boiler;
  expect(wishPrices(tight, fast, [-60, -120, 24 * 60])).toMatchObject([{ shiftMinutes: -60, missingWh: 1000 }]);
});

it("does not let the plan in force hide what a deadline costs", () => {
  const held = { ...boiler, previous: { boiler: [1000, 1000, 0, 0, 0, 0] }, keep_within: 10 };
  expect(wishPrices(held, fast)[0]?.cost).toBeCloseTo(0.18, 6);
});
