import { expect, it } from "vitest";
import { keepLimit } from "../../../bench/community-month/keep-limit.ts";
import { type Command, houseRun } from "../../../bench/real-prices/simulate.ts";
import { realityOf } from "../../../bench/real-prices/trial.ts";
import { madeTrial } from "../real-prices/made-trial.ts";

/** A slot in which the car is there. */
const slot = 18;
const hungry: Command = { carWh: 7400, tankWh: 1000, heatWh: 0, battery: { mode: "fixed", wh: 3000 }, curtails: true };

/** Homes that have come to that slot without a plan. */
function street(count: number) {
  return Array.from({ length: count }, () => {
    const trial = madeTrial();
    const house = houseRun(trial.home, realityOf(trial), trial.start);
    const idle: Command = { carWh: 0, tankWh: 0, heatWh: 0, battery: { mode: "follow" }, curtails: true };
    for (let at = 0; at < slot; at += 1) house.step(at, idle);
    return house;
  });
}
const together = (houses: ReturnType<typeof street>, commands: readonly Command[]): number =>
  houses.reduce((sum, house, at) => sum + house.peek(slot, commands[at] ?? hungry), 0);

it("changes nothing where there is room", () => {
  const houses = street(3);
  const asked = houses.map(() => hungry);
  const kept = keepLimit(houses, asked, slot, together(houses, asked), []);
  expect(kept).toEqual({ commands: asked, beyondWh: 0, reduced: [] });
});

it("keeps the limit by no more homes than it needs, those first that gave way least before", () => {
  const houses = street(3);
  const asked = houses.map(() => hungry);
  const before = [2, 0, 1];
  const kept = keepLimit(houses, asked, slot, together(houses, asked) - 2000, before);
  expect(kept.reduced).toEqual([1]);
  expect(kept.beyondWh).toBe(0);
  expect(before).toEqual([2, 1, 1]);
  expect(together(houses, kept.commands)).toBeLessThanOrEqual(together(houses, asked) - 2000);
});

it("says what it could not take away, and takes nothing that a thermostat demands", () => {
  const houses = street(2);
  const asked = houses.map(() => hungry);
  const kept = keepLimit(houses, asked, slot, -1e9, []);
  expect(kept.beyondWh).toBeGreaterThan(0);
  const least = together(houses, kept.commands);
  expect(kept.beyondWh).toBeCloseTo(least + 1e9, 3);
  // Looking at a slot does not change the house.
  expect(together(houses, kept.commands)).toBe(least);
});
