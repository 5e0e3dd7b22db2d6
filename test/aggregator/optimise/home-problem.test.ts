import { expect, it } from "vitest";
import type { InstructionList } from "../../../core/message/instruction.ts";
import { homeProblem } from "../../../aggregator/optimise/home-problem.ts";
import { deadlineNeed } from "../../../agent/plan/needs.ts";
import { priceBook } from "../../../planner/price-book.ts";
import { exampleSeries } from "../../settlement/fixture.ts";
import { boiler, heatPump } from "../plans.ts";
import { midnightMs, quarterMs } from "../rows.ts";

const book = priceBook([exampleSeries()]);
const slots = book.slots(midnightMs, midnightMs + 40 * quarterMs, 15);

/** Where the plan of a boiler that wants so much by half past six ends, in quarters of an hour after midnight. */
function endOf(energyWh: number): number | undefined {
  const resource = { ...boiler, demand: { kind: "energy" as const, energyWh, notBefore: "00:00", readyBy: "06:30" } };
  const facts = { resources: [resource], statuses: new Map(), baseW: slots.map(() => 400) };
  const made = homeProblem(facts, { slots, prices: book, slotMinutes: 15, nowMs: midnightMs, inForce: new Map() });
  return made.parts[0]?.until;
}

it("ends before gateways start by themselves for the deadline", () => {
  // 3 hours at 2 kW: the gateway starts 28 minutes before it would have to.
  expect(endOf(6000)).toBe(24);
  const setting = { mode: "on", powerW: 2000 };
  const planned = { resource: "boiler", modes: [{ id: "on", minW: 2000, maxW: 2000 }], least: { mode: "off", powerW: 0 } };
  for (let quarter = 12; quarter <= 24; quarter += 1) {
    // What is missing where all was put off until the last quarters of the plan.
    const missingWh = (24 - quarter) * 500;
    const need = { missingWh, readyMs: midnightMs + 26 * quarterMs };
    expect(deadlineNeed(planned as never, need, midnightMs + quarter * quarterMs)).toBeUndefined();
  }
  expect(
    deadlineNeed(planned as never, { missingWh: 1000, readyMs: midnightMs + 26 * quarterMs }, midnightMs + 24 * quarterMs),
  ).toMatchObject({ setting });
});

it("takes all the time until the deadline where there is not more of it than needed", () => {
  expect(endOf(12_500)).toBe(26);
});

it("trades move no load, only the point from which the tariff counts", () => {
  const resource = { ...boiler, demand: { kind: "energy" as const, energyWh: 6000, notBefore: "00:00", readyBy: "06:30" } };
  const facts = { resources: [resource], statuses: new Map(), baseW: slots.map(() => 400) };
  const input = { slots, prices: book, slotMinutes: 15, nowMs: midnightMs, inForce: new Map() };
  const start = new Date(midnightMs + 8 * quarterMs).toISOString();
  const end = new Date(midnightMs + 9 * quarterMs).toISOString();
  const one = { start, end, boughtWh: 500, soldWh: 0, undrawnPerKwh: "-10000", unfedPerKwh: null };
  const plain = homeProblem(facts, input);
  const { problem, restW } = homeProblem({ ...facts, traded: [one] }, input);
  expect(plain.problem.traded).toBeUndefined();
  expect({ ...problem, traded: undefined }).toEqual({ ...plain.problem, traded: undefined });
  expect(restW).toEqual(plain.restW);
  const { bought_w: bought, undrawn_price_per_kwh: undrawn, unfed_price_per_kwh: unfed } = problem.traded ?? expect.fail();
  expect(bought).toEqual(slots.map((_, slot) => (slot === 8 ? 2000 : 0)));
  expect(undrawn).toMatchObject({ 8: -0.01 });
  // Where the exchange has no price the supplier's counts.
  expect(unfed).toEqual(problem.import_price_per_kwh);
});

it("takes what may only be held off for free behind the end of its list", () => {
  const at = (quarter: number): string => new Date(midnightMs + quarter * quarterMs).toISOString();
  const list: InstructionList = {
    plan: "00000000-0000-4000-8000-000000000001",
    resource: "heat_pump",
    instructions: [
      { id: "00000000-0000-4000-8000-000000000002", executionTime: at(0), validUntil: at(2), operationModeId: "off", reason: "" },
    ],
  };
  const facts = {
    resources: [{ ...heatPump, demand: heatPump.demand ?? expect.fail() }],
    statuses: new Map(),
    baseW: slots.map(() => 400),
  };
  const inForce = new Map([["heat_pump", list]]);
  const { problem } = homeProblem(facts, { slots, prices: book, slotMinutes: 15, nowMs: midnightMs, inForce });
  expect(problem.previous?.["heat_pump"]?.slice(0, 5)).toEqual([0, 0, 1000, 1000, 1000]);
});

it.each([
  ["held off for an hour", { operationModeId: "off" }, -3600, 60],
  ["held off until the plan begins", { operationModeId: "off" }, -5400, 90],
  ["free", { operationModeId: "on" }, -3600, 0],
  ["switched in the future, by its clock", { operationModeId: "off" }, 7200, 0],
  ["not heard for an hour", { operationModeId: "off", at: midnightMs - 3_600_000 }, -7200, 0],
  ["of a release that says no time", { operationModeId: "off" }, null, 0],
] as const)("knows how long what may only be held off has been: %s", (_, said, sinceS, minutes) => {
  const { at, ...mode } = { at: midnightMs, ...said };
  const status = {
    v: 1 as const,
    resource: "heat_pump",
    reason: "plan",
    ...mode,
    at: new Date(at).toISOString(),
    ...(sinceS !== null && { transitionTimestamp: new Date(midnightMs + sinceS * 1000).toISOString() }),
  };
  const facts = {
    resources: [{ ...heatPump, demand: heatPump.demand ?? expect.fail() }],
    statuses: new Map([["heat_pump", status]]),
    baseW: slots.map(() => 400),
  };
  const { problem } = homeProblem(facts, { slots, prices: book, slotMinutes: 15, nowMs: midnightMs, inForce: new Map() });
  expect(problem.appliances).toMatchObject([{ type: "blockable", blocked_minutes: minutes }]);
});

it("goes on with a run that is under way for as long as it must", () => {
  const resource = {
    ...boiler,
    minOnS: 3600,
    demand: { kind: "energy" as const, energyWh: 6000, notBefore: "00:00", readyBy: "06:30" },
  };
  const status = {
    v: 1 as const,
    resource: "boiler",
    reason: "plan",
    operationModeId: "on",
    at: new Date(midnightMs).toISOString(),
  };
  const standing = (transitionTimestamp?: string) => {
    const statuses = new Map([["boiler", { ...status, ...(transitionTimestamp && { transitionTimestamp }) }]]);
    const facts = { resources: [resource], statuses, baseW: slots.map(() => 400) };
    return homeProblem(facts, { slots, prices: book, slotMinutes: 15, nowMs: midnightMs, inForce: new Map() }).problem
      .appliances[0];
  };
  expect(standing(new Date(midnightMs - 900_000).toISOString())).toMatchObject({ was_on: true, was_for_minutes: 15 });
  // As long as it must, where nobody says since when.
  expect(standing()).toMatchObject({ was_on: true, was_for_minutes: 1440 });
});
