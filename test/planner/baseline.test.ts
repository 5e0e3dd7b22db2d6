import fc from "fast-check";
import { expect, it } from "vitest";
import { runNowBaseline, thermostatBaseline } from "../../planner/baseline.ts";

const slot = fc.record({ wh: fc.nat(3000), held: fc.boolean() });
const sum = (values: readonly number[]): number => values.reduce((total, wh) => total + wh, 0);
const free = (...wh: number[]) => wh.map((one) => ({ wh: one, held: false }));
const held = (...wh: number[]) => wh.map((one) => ({ wh: one, held: true }));

it("moves no more and no less energy than was drawn, and none backwards in sign", () => {
  fc.assert(
    fc.property(fc.array(slot, { minLength: 1, maxLength: 100 }), fc.nat(3000), (slots, fullWh) => {
      for (const baseline of [runNowBaseline(slots, fullWh), thermostatBaseline(slots)]) {
        expect(sum(baseline)).toBe(sum(slots.map(({ wh }) => wh)));
        expect(baseline.every((wh) => wh >= 0 && Number.isInteger(wh))).toBe(true);
        expect(Math.max(...baseline)).toBeLessThanOrEqual(Math.max(fullWh, ...slots.map(({ wh }) => wh)));
      }
    }),
  );
});

it("never runs later than what was drawn: at every moment at least as much is done", () => {
  fc.assert(
    fc.property(fc.array(slot, { maxLength: 100 }), fc.nat(3000), (slots, fullWh) => {
      const baseline = runNowBaseline(slots, fullWh);
      for (let count = 1; count <= slots.length; count++)
        expect(sum(baseline.slice(0, count))).toBeGreaterThanOrEqual(sum(slots.slice(0, count).map(({ wh }) => wh)));
    }),
  );
});

it("is what was drawn where nothing was held", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(3000)), (drawn) => {
      expect(runNowBaseline(free(...drawn), 500)).toEqual(drawn);
    }),
  );
});

it.each([
  [
    "takes moved energy at its power from the first held slot",
    [...held(0, 0, 0), ...free(500, 500, 200)],
    [500, 500, 200, 0, 0, 0],
  ],
  ["keeps what ran freely before it", [...free(480), ...held(0, 0), ...free(480, 100)], [480, 500, 80, 0, 0]],
  ["keeps run-now that is switched off when it is done", [...free(500, 500), ...held(200, 0, 0)], [500, 500, 200, 0, 0]],
  ["takes what it drew above its rating", [...held(0, 0), ...free(600, 600)], [600, 600, 0, 0]],
])("%s", (_, slots, expected) => expect(runNowBaseline(slots, 500)).toEqual(expected));

it("spreads a block and its recovery evenly", () => {
  expect(thermostatBaseline([...held(0, 0), ...free(400, 301)])).toEqual([175, 175, 175, 176]);
});
