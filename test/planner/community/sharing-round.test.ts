import fc from "fast-check";
import { expect, it } from "vitest";
import { loadParty, type FlexibleLoad } from "../../../planner/community/flexible-load.ts";
import type { SharedLimit } from "../../../planner/community/shared-limit.ts";
import {
  openSharing,
  pullOf,
  sharedPrice,
  sharingRound,
  shiftFor,
  usualSharing,
  type SharingReply,
} from "../../../planner/community/sharing-round.ts";
import { homeParty, homeRoom, type HomePlan } from "../../../planner/community/home-party.ts";
import type { Answer } from "../../../planner/community/party.ts";
import { summedUp } from "../../../planner/community/round-portfolio.ts";
import { planStreet, street } from "./street.ts";

/** Three cars that would all take the first hour (kWh, kW, hours they are there), at most 8 kW together. */
const prices = Float64Array.of(0.1, 0.2, 0.3, 0.15).map((price) => price / 1000);
const car = (kwh: number, kw: number, slots: number[]): FlexibleLoad => ({
  energyWh: kwh * 1000,
  mostWh: prices.map((_, slot) => (slots.includes(slot) ? kw * 1000 : 0)),
  onOff: false,
});
const cars = [car(6, 6, [0, 1, 2, 3]), car(5, 5, [0, 1]), car(3, 4, [0, 3])];

const nothing = prices.map(() => 0);
const limit = (wh: number, groups: number[], below: SharedLimit[] = []): SharedLimit => ({
  most: prices.map(() => wh),
  least: prices.map(() => -Infinity),
  groups,
  below,
});

/** Each load a group of its own, under the limits of a grid. */
function roundsUnder(loads: readonly FlexibleLoad[], limits: readonly SharedLimit[], penalty: number) {
  let state = openSharing(
    loads.map(() => 1),
    limits,
    penalty,
  );
  let replies: SharingReply[] = loads.map(() => ({ netWh: nothing, money: 0 }));
  for (;;) {
    replies = loads.map((load, index) =>
      loadParty(load, prices, 0.1).answer({
        price: nothing,
        most: prices.map(() => Infinity),
        least: prices.map(() => -Infinity),
        beyond: 0,
        effort: "usual",
        from: undefined,
        keepWithin: 0,
        pull: pullOf(shiftFor(state, index), state.penalty, replies[index]?.netWh ?? nothing),
      }),
    );
    const { state: next, verdict } = sharingRound(state, replies);
    state = next;
    if (verdict !== "go-on") return { state, replies, verdict };
  }
}
const rounds = (loads: readonly FlexibleLoad[], limitWh: number, penalty: number) =>
  roundsUnder(
    loads,
    [
      limit(
        limitWh,
        loads.map((_, group) => group),
      ),
    ],
    penalty,
  );
const sums = (replies: readonly SharingReply[]): number[] =>
  Array.from(prices, (_, slot) => replies.reduce((sum, { netWh }) => sum + (netWh[slot] ?? 0), 0));

it.each([1e-9, 1e-8, 3e-8, 1e-7])("finds the central optimum of three cars under 8 kW with a penalty of %s", (penalty) => {
  const { state, replies, verdict } = rounds(cars, 8000, penalty);
  expect(verdict).toBe("converged");
  // Central linear program: 1.70, 8 kW in the first hour, 6 kW in the last, 0.05 per kWh for the first.
  expect(Math.abs((state.money.at(-1) ?? 0) - 1.7)).toBeLessThanOrEqual(0.017);
  expect(Math.max(...sums(replies))).toBeLessThanOrEqual(8000 * 1.005);
  expect(Math.abs((sharedPrice(state, 0)[0] ?? 0) * 1000 - 0.05)).toBeLessThanOrEqual(0.01);
});

it("homes answer its pulls too, and their plans need little repair afterwards", () => {
  const one = street(
    [
      { energy_wh: 6000, charge_max_w: 6000 },
      { energy_wh: 5000, charge_max_w: 5000, ready_by: 2 },
      { energy_wh: 3000, charge_max_w: 4000 },
      { energy_wh: 6000, charge_max_w: 3000 },
    ].map((wanted) => ({
      slot_minutes: 60,
      import_price_per_kwh: [0.1, 0.2, 0.3, 0.15],
      appliances: [{ type: "ev", name: "car", ...wanted }],
    })),
    { importW: 8000 },
  );
  const room = homeRoom();
  const parties = one.homes.map((home, index) => homeParty(home, index, room));
  const limits = { most: prices.map(() => 8000), least: prices.map(() => -Infinity) };
  let state = openSharing([parties.length], [limit(8000, [0])], 3e-8);
  let answers: Answer<HomePlan>[] = [];
  for (let verdict = "go-on"; verdict === "go-on";) {
    const shift = shiftFor(state, 0);
    answers = parties.map((party, index) =>
      party.answer({
        price: nothing,
        ...limits,
        beyond: 0,
        effort: "usual",
        from: answers[index]?.plan,
        keepWithin: 0,
        pull: pullOf(shift, state.penalty, answers[index]?.netWh ?? nothing),
      }),
    );
    ({ state, verdict } = sharingRound(state, [summedUp(4, answers)]));
  }
  // 20 kWh: 8 at 0.10, 8 at 0.15, 4 at 0.20; the second car takes what it must in the first two hours.
  expect(Math.max(...sums(answers))).toBeLessThanOrEqual(8000 * 1.1);
  const repaired = planStreet(one, { start: { prices: [sharedPrice(state, 0)], plans: answers.map(({ plan }) => plan) } });
  expect(repaired.overloadWh).toBe(0);
  expect(repaired.status).toBe("kept");
  expect(repaired.money).toBeLessThanOrEqual((8 * 0.1 + 8 * 0.15 + 4 * 0.2) * 1.03);
});

it("keeps the limits of two lines and of the transformer above them", () => {
  // Each line would carry 8 kW in the first hour, the transformer 12.
  const [a, b, c] = cars as [FlexibleLoad, FlexibleLoad, FlexibleLoad];
  const below = [limit(8000, [0, 1, 2]), limit(8000, [3, 4, 5])];
  const { state, replies, verdict } = roundsUnder([a, b, c, a, b, c], [limit(12_000, [], below)], 1e-7);
  expect(verdict).toBe("converged");
  expect(Math.max(...sums(replies))).toBeLessThanOrEqual(12_000 * 1.005);
  for (const half of [replies.slice(0, 3), replies.slice(3)]) expect(Math.max(...sums(half))).toBeLessThanOrEqual(8000 * 1.005);
  // 28 kWh, 10 of which must be taken in the first two hours: 12 at 0.10, 12 at 0.15, 4 at 0.20.
  expect(Math.abs((state.money.at(-1) ?? 0) - 3.8)).toBeLessThanOrEqual(0.038);
  // All pay what the transformer is short of.
  for (const group of [0, 4]) expect(sharedPrice(state, group)[0]).toBeCloseTo(1e-4, 5);
});

it("pulls parties of one group alike, and knows only their sum", () => {
  const open = openSharing([3], [limit(6000, [0])], 1e-8);
  const { state } = sharingRound(open, [{ netWh: Float64Array.of(9000, 0, 0, 0), money: 0 }]);
  // 9 kWh want to pass where 6 may: each of the three is asked for 1 kWh less, and once more as the price of it.
  expect(Array.from(shiftFor(state, 0))).toEqual([-2000, 0, 0, 0]);
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
