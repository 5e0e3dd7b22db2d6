import { describe, expect, it } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { answerHere } from "../../../planner/community/answer-here.ts";
import { coordinate, type Community } from "../../../planner/community/coordinate.ts";
import type { Answer, Party } from "../../../planner/community/party.ts";
import { seededRandom, shuffled } from "../../../planner/community/seeded-random.ts";
import { unhurried } from "./street.ts";

/** A party that takes what it takes. */
const fixed = (netWh: Float64Array, money = 0): Party<null> => ({
  answer: (): Answer<null> => ({ plan: null, kept: false, netWh, money, missedWh: 0, heldBackWh: 0 }),
});
const community = (changes: Partial<Community<null>> = {}): Community<null> => ({
  hours: Float64Array.of(1, 1),
  parties: [{ name: "one", curtailedBeforeWh: 0 }],
  feeders: [{ name: "cable", importLimitWh: Float64Array.of(5, 5), exportLimitWh: Float64Array.of(5, 5), members: [0] }],
  scale: 1e-4,
  seed: 1,
  keepWithin: 0,
  ...changes,
});
const codeOf = (run: () => unknown): string | undefined => {
  try {
    run();
  } catch (error) {
    return errorCode(error);
  }
  return undefined;
};

describe("bad input", () => {
  it.each<[string, Float64Array, number]>([
    ["is too short", Float64Array.of(1), 0],
    ["is no number", Float64Array.of(1, Number.NaN), 0],
    ["has no money", Float64Array.of(1, 1), Number.NaN],
  ])("a profile that %s is refused by name", (_, netWh, money) => {
    expect(codeOf(() => answerHere(coordinate(community(), unhurried), [fixed(netWh, money)]))).toBe("plan-bad-answer");
  });

  it.each<[string, Partial<Community<null>["feeders"][number]>]>([
    ["a party that is not there", { members: [1] }],
    ["limits for other slots", { importLimitWh: Float64Array.of(1) }],
  ])("a feeder with %s is refused by name", (_, changes) => {
    const [feeder] = community().feeders;
    const feeders = feeder ? [{ ...feeder, ...changes }] : [];
    expect(codeOf(() => answerHere(coordinate(community({ feeders }), unhurried), [fixed(Float64Array.of(1, 1))]))).toBe(
      "plan-bad-feeder",
    );
  });

  it("nobody is a community too", () => {
    const result = answerHere(coordinate(community({ parties: [], feeders: [] }), unhurried), []);
    expect(result).toMatchObject({ status: "kept", money: 0, answers: [] });
  });
});

it("a price of the last time goes where its limit has gone", () => {
  const asked: number[] = [];
  const party: Party<null> = {
    answer: (ask) => {
      asked.push(Math.max(...ask.price));
      return fixed(Float64Array.of(1, 1)).answer(ask);
    },
  };
  const none = Float64Array.of(Infinity, Infinity);
  const feeders = [{ name: "cable", importLimitWh: none, exportLimitWh: none, members: [0] }];
  const start = { prices: [Float64Array.of(1, 1)], plans: [] };
  answerHere(coordinate(community({ feeders, start }), unhurried), [party]);
  expect(asked.length).toBeGreaterThan(0);
  expect(Math.max(...asked)).toBe(0);
});

it("a drawn order has everybody once, and neighbours in it have different remainders", () => {
  for (const [count, groups] of [
    [0, 8],
    [5, 8],
    [16, 8],
    [37, 4],
    [3, 1],
  ] as const) {
    const order = shuffled(count, groups, seededRandom(count));
    expect(order.toSorted((one, other) => one - other)).toEqual(Array.from({ length: count }, (_, index) => index));
    for (let at = 0; at + groups <= count - groups; at += groups)
      expect(new Set(order.slice(at, at + groups).map((party) => party % groups)).size).toBe(groups);
  }
});
