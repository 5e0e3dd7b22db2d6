import fc from "fast-check";
import { expect, it } from "vitest";
import { loadParty, relaxedLoad, type FlexibleLoad, type LoadPlan } from "../../../planner/community/flexible-load.ts";
import type { Ask } from "../../../planner/community/party.ts";

const prices = Float64Array.of(0.1, 0.2, 0.3, 0.15).map((perKwh) => perKwh / 1000);
const ask = (changes: Partial<Ask<LoadPlan>> = {}): Ask<LoadPlan> => ({
  price: new Float64Array(4),
  most: new Float64Array(4).fill(Infinity),
  least: new Float64Array(4).fill(-Infinity),
  beyond: 0,
  effort: "usual",
  from: undefined,
  keepWithin: 0,
  ...changes,
});
const load = (energyWh: number, mostWh: number[], onOff = false): FlexibleLoad => ({
  energyWh,
  mostWh: Float64Array.from(mostWh),
  onOff,
});
const planned = (one: FlexibleLoad, changes: Partial<Ask<LoadPlan>> = {}) => loadParty(one, prices, 0.1).answer(ask(changes));

it("takes the cheapest slots, within the room if it can, and pays what it takes", () => {
  const one = load(5000, [3000, 3000, 3000, 3000]);
  const free = planned(one);
  expect(Array.from(free.netWh)).toEqual([3000, 0, 0, 2000]);
  expect(free.money).toBeCloseTo(0.6, 9);
  expect(Array.from(planned(one, { price: Float64Array.of(1e-3, 0, 0, 0) }).netWh)).toEqual([0, 2000, 0, 3000]);
  const most = Float64Array.of(1000, 1000, 1000, 1000);
  // Room for four of five: no wish is given up for it, unless the room is firm.
  expect(planned(one, { most, beyond: 0.01 }).missedWh).toBe(0);
  const firm = planned(one, { most, beyond: "firm" });
  expect(Array.from(firm.netWh)).toEqual([1000, 1000, 1000, 1000]);
  expect(firm.missedWh).toBe(1000);
});

it("runs in full slots where it is only on or off, and in a part of them where it is relaxed", () => {
  const relay = load(4000, [2000, 2000, 0, 2000], true);
  expect(Array.from(planned(relay).netWh)).toEqual([2000, 0, 0, 2000]);
  const most = Float64Array.of(1000, 2000, 2000, 2000);
  expect(Array.from(planned(relay, { most, beyond: 0.01 }).netWh)).toEqual([0, 2000, 0, 2000]);
  expect(Array.from(planned(relaxedLoad(relay), { most, beyond: 0.01 }).netWh)).toEqual([1000, 1000, 0, 2000]);
});

it("keeps its plan where another is not better by the threshold, but not one that it cannot carry out", () => {
  const relay = load(2000, [2000, 2000, 2000, 2000], true);
  const dear = Float64Array.of(0, 2000, 0, 0);
  expect(planned(relay, { from: dear, keepWithin: 1 })).toMatchObject({ kept: true, plan: dear });
  expect(planned(relay, { from: dear, keepWithin: 0.01 }).kept).toBe(false);
  const half = Float64Array.of(1000, 1000, 0, 0);
  expect(planned(relay, { from: half, keepWithin: 1, effort: "keep" })).toMatchObject({ kept: false });
});

it("answers a pull exactly: no other profile of the same energy is better", () => {
  const figure = fc.integer({ min: 0, max: 4000 });
  const four = fc.tuple(figure, figure, figure, figure);
  fc.assert(
    fc.property(four, four, fc.integer({ min: 0, max: 100 }), fc.boolean(), four, (caps, towards, percent, tight, other) => {
      const energyWh = Math.floor((caps.reduce((sum, wh) => sum + wh, 0) * percent) / 100);
      const pull = { towards: Float64Array.from(towards), pricePerWh2: 1e-8 };
      const room = tight ? { most: Float64Array.from(caps, (wh) => wh / 2), beyond: 1e-4 } : {};
      const asked = ask({ pull, ...room });
      const { netWh } = loadParty(load(energyWh, caps), prices, 0.1).answer(asked);
      expect(netWh.reduce((sum, wh) => sum + wh, 0)).toBeCloseTo(energyWh, 3);
      const merit = (plan: ArrayLike<number>): number =>
        Array.from(plan).reduce(
          (sum, wh, slot) =>
            sum +
            wh * prices[slot]! +
            Math.max(0, wh - asked.most[slot]!) * (tight ? 1e-4 : 0) +
            1e-8 * (wh - towards[slot]!) ** 2,
          0,
        );
      // Some energy from one slot to another.
      for (const [from, to] of [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 0],
        [0, 2],
        [1, 3],
      ] as const)
        for (const wh of [other[from] / 100, other[to] / 10]) {
          const moved = Float64Array.from(netWh);
          const by = Math.min(wh, moved[from]!, caps[to] - moved[to]!);
          moved[from]! -= by;
          moved[to]! += by;
          expect(merit(netWh)).toBeLessThanOrEqual(merit(moved) + 1e-6);
        }
    }),
    { numRuns: 300 },
  );
});
