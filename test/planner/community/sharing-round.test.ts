import fc from "fast-check";
import { expect, it } from "vitest";
import {
  openSharing,
  pullFor,
  sharedPrice,
  sharingRound,
  usualSharing,
  type SharingReply,
} from "../../../planner/community/sharing-round.ts";
import { pulledLoad, type FlexibleLoad } from "./flexible-load.ts";

/** Three cars that would all take the first hour (kWh, kW, hours they are there), at most 8 kW together. */
const prices = Float64Array.of(0.1, 0.2, 0.3, 0.15).map((price) => price / 1000);
const car = (kwh: number, kw: number, slots: number[]): FlexibleLoad => ({
  energyWh: kwh * 1000,
  mostWh: prices.map((_, slot) => (slots.includes(slot) ? kw * 1000 : 0)),
});
const cars = [car(6, 6, [0, 1, 2, 3]), car(5, 5, [0, 1]), car(3, 4, [0, 3])];

function rounds(loads: readonly FlexibleLoad[], limitWh: number, penalty: number) {
  const most = prices.map(() => limitWh);
  let state = openSharing(loads.length, { most, least: prices.map(() => -Infinity) }, penalty);
  let replies: SharingReply[] = loads.map(() => ({ netWh: prices.map(() => 0), money: 0 }));
  for (;;) {
    replies = loads.map((load, index) => pulledLoad(load, prices, pullFor(state, replies, replies[index]?.netWh ?? most)));
    const { state: next, verdict } = sharingRound(state, replies);
    state = next;
    if (verdict !== "go-on") return { state, replies, verdict };
  }
}
const sums = (replies: readonly SharingReply[]): number[] =>
  Array.from(prices, (_, slot) => replies.reduce((sum, { netWh }) => sum + (netWh[slot] ?? 0), 0));

it.each([1e-9, 1e-8, 3e-8, 1e-7])("finds the central optimum of three cars under 8 kW with a penalty of %s", (penalty) => {
  const { state, replies, verdict } = rounds(cars, 8000, penalty);
  expect(verdict).toBe("converged");
  // Central linear program: 1.70, 8 kW in the first hour, 6 kW in the last, 0.05 per kWh for the first.
  expect(Math.abs((state.money.at(-1) ?? 0) - 1.7)).toBeLessThanOrEqual(0.017);
  expect(Math.max(...sums(replies))).toBeLessThanOrEqual(8000 * 1.005);
  expect(Math.abs((sharedPrice(state)[0] ?? 0) * 1000 - 0.05)).toBeLessThanOrEqual(0.01);
});

it("ends without a solution where the limit cannot be kept", () => {
  const { state, verdict } = rounds(cars, 2000, 1e-8);
  expect(verdict).toBe("out-of-rounds");
  expect(state.round).toBe(usualSharing.mostRounds);
});

it("ends for any loads and limits, and where it says converged the limit is kept and no load has another sum", () => {
  const load = fc.record({
    kwh: fc.integer({ min: 1, max: 10 }),
    kw: fc.integer({ min: 4, max: 8 }),
    slots: fc.subarray([0, 1, 2, 3], { minLength: 2 }),
  });
  fc.assert(
    fc.property(fc.array(load, { minLength: 2, maxLength: 8 }), fc.integer({ min: 5, max: 40 }), (loads, limitKw) => {
      const flexible = loads.map(({ kwh, kw, slots }) => car(Math.min(kwh, kw * slots.length), kw, slots));
      const { state, replies, verdict } = rounds(flexible, limitKw * 1000, 1e-8);
      expect(state.round).toBeLessThanOrEqual(usualSharing.mostRounds);
      if (verdict !== "converged") return;
      for (const wh of sums(replies)) expect(wh).toBeLessThanOrEqual(limitKw * 1000 * 1.0051);
      for (const [index, { netWh }] of replies.entries())
        expect(netWh.reduce((sum, wh) => sum + wh, 0)).toBeCloseTo(flexible[index]?.energyWh ?? 0, 0);
    }),
    { numRuns: 40 },
  );
});
