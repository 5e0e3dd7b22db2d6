import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { z } from "zod";
import { errorCode } from "../../../core/app-error.ts";
import { replay, type ReplayLine } from "../../../agent/replay/replay.ts";
import { TraceEvent } from "../../../agent/replay/trace-event.ts";

const run = (events: readonly object[]): ReplayLine[] => replay(events.map((event) => TraceEvent.parse(event)));
const boiler = { resource: "boiler", ratedPowerW: 2000 };
const pump = { resource: "pump", ratedPowerW: 2500, safeOn: true, maxOffS: 5400 };
const reading = (at: number, powerW = 500) => ({ at, kind: "reading", powerW });

it("says at each event what limit holds", () => {
  const lines = run([
    { at: 0, kind: "clock" },
    { at: 10, kind: "heartbeat" },
    { at: 10, kind: "limit", limitW: 6000 },
    { at: 20, kind: "limit", limitW: -3 },
    { at: 100, kind: "clock" },
    { at: 131, kind: "clock" },
  ]);
  expect(lines.map(({ limitW }) => limitW)).toEqual([4200, 4200, 6000, 6000, 6000, 4200]);
  expect(lines[3]?.reasons).toContain("limit refused: a limit of -3 W; a whole number from 0 was expected");
});

it("keeps the house under the grid operator's limit, whatever the plan and the resident want", () => {
  const lines = run([
    { at: 0, kind: "config", appliances: [boiler], maxImportW: 10_000 },
    { at: 0, kind: "heartbeat" },
    { at: 0, kind: "limit", limitW: 9000 },
    { at: 0, kind: "instruction", resource: "boiler", instructions: [{ from: 0, until: 9000, on: true }] },
    reading(1, 500),
    { at: 60, kind: "heartbeat" },
    reading(61, 2500),
    { at: 61, kind: "limit", limitW: 1000 },
    reading(75, 500),
    { at: 75, kind: "override", resource: "boiler", mode: "boost", until: 9000 },
  ]);
  const on = lines.map(({ commands }) => commands[0]?.on);
  expect(on.slice(4)).toEqual([true, true, true, false, false, false]);
  expect(lines[7]?.reasons[0]).toBe("boiler: above the grid operator's limit");
});

it("lets the resident's word stand above the plan, until it ends or is taken back", () => {
  const lines = run([
    {
      at: 0,
      kind: "config",
      appliances: [
        { ...boiler, minOnS: 0, minOffS: 0 },
        { ...pump, minOnS: 0, minOffS: 0 },
      ],
    },
    reading(0),
    { at: 0, kind: "override", resource: "boiler", mode: "boost", until: 120 },
    reading(60),
    reading(119),
    reading(120),
    { at: 121, kind: "override", resource: "pump", mode: "pause", until: 20_000 },
    reading(9000),
    { at: 9001, kind: "override", resource: "pump", mode: "clear" },
    { at: 9002, kind: "override", resource: "pump", mode: "holiday", until: 10 },
  ]);
  const of = (resource: string) => lines.map(({ commands }) => commands.find((command) => command.resource === resource)?.on);
  expect(of("boiler").slice(2)).toEqual([true, true, true, false, false, false, false, false]);
  // A pause is the resident's own: it may be longer than a plan may hold the pump off.
  expect(of("pump").slice(5)).toEqual([true, false, false, true, true]);
  expect(lines.at(-1)?.reasons).toContain("override refused: it needs an end that is to come");
});

it("starts anew with every relay in its declared state, and without a shorter rest", () => {
  const lines = run([
    { at: 0, kind: "config", appliances: [boiler] },
    { at: 0, kind: "instruction", resource: "boiler", instructions: [{ from: 0, until: 9000, on: true }] },
    reading(0),
    reading(50),
    { at: 55, kind: "restart" },
    reading(60),
    reading(350),
    reading(356),
  ]);
  expect(lines.map(({ commands }) => commands[0]?.on)).toEqual([false, false, true, true, false, false, false, true]);
  expect(lines[5]?.reasons[0]).toBe("boiler: minimum off time runs");
});

it("does not expect what a start has switched in the first readings", () => {
  const from = (at: number, on: boolean) => [{ from: at, until: 90_000, on }];
  const rested = { minOnS: 0, minOffS: 0 };
  const lines = run([
    {
      at: 0,
      kind: "config",
      appliances: [
        { ...boiler, ...rested },
        { ...pump, ...rested },
      ],
      maxImportW: 5000,
      failsafeLimitW: 20_000,
    },
    { at: 0, kind: "instruction", resource: "pump", instructions: from(0, false) },
    { at: 0, kind: "instruction", resource: "boiler", instructions: from(112, true) },
    reading(0, 1000),
    { at: 110, kind: "restart" },
    { at: 110, kind: "instruction", resource: "pump", instructions: [] },
    // Still as before the start, when the pump was off.
    reading(112, 1000),
    reading(121, 1000),
  ]);
  expect(lines.map(({ commands }) => commands.map(({ on }) => on)).slice(3)).toEqual([
    [false, false],
    [false, true],
    [false, true],
    [false, true],
    [true, true],
  ]);
  expect(lines[6]?.reasons[0]).toBe("boiler: no room under the house import limit");
});

it("keeps the rest of an appliance that was away from the configuration", () => {
  const on = [{ from: 0, until: 9000, on: true }];
  const lines = run([
    { at: 0, kind: "config", appliances: [boiler] },
    { at: 0, kind: "instruction", resource: "boiler", instructions: on },
    reading(0),
    { at: 10, kind: "restart" },
    { at: 10, kind: "config", appliances: [] },
    { at: 20, kind: "restart" },
    { at: 20, kind: "config", appliances: [boiler] },
    reading(30),
    reading(309),
    reading(310),
  ]);
  expect(lines.slice(6).map(({ commands }) => commands[0]?.on)).toEqual([false, false, false, true]);
});

it("follows the wall clock with instructions: after a jump they are not in force", () => {
  const lines = run([
    { at: 0, kind: "config", appliances: [{ ...boiler, minOnS: 0 }] },
    { at: 0, kind: "instruction", resource: "boiler", instructions: [{ from: 0, until: 9000, on: true }] },
    reading(0),
    { at: 10, kind: "clock", jumpS: 1e8 },
  ]);
  expect(lines.map(({ commands }) => commands[0]?.on)).toEqual([false, false, true, false]);
});

it("refuses a trace that goes back in time", () => {
  const backwards = [
    { at: 5, kind: "clock" },
    { at: 4, kind: "clock" },
  ] as const;
  expect(
    errorCode(
      (() => {
        try {
          return run(backwards);
        } catch (error) {
          return error;
        }
      })(),
    ),
  ).toBe("trace-out-of-order");
});

it("for any trace: no lease above 15 minutes, no more than 6 switches an hour, no increase beyond the limit", () => {
  const appliance = fc.record({
    ratedPowerW: fc.integer({ min: 100, max: 4000 }),
    minOnS: fc.integer({ min: 0, max: 600 }),
    minOffS: fc.integer({ min: 0, max: 600 }),
    safeOn: fc.boolean(),
  });
  const event = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("reading"), powerW: fc.integer({ min: -3000, max: 9000 }) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("heartbeat") }) },
    {
      weight: 1,
      arbitrary: fc.record({ kind: fc.constant("limit"), limitW: fc.integer({ min: 0, max: 9000 }), active: fc.boolean() }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant("instruction"), resource: fc.constantFrom("r0", "r1"), on: fc.boolean() }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("override"),
        resource: fc.constantFrom("r0", "r1"),
        mode: fc.constantFrom("boost", "pause", "holiday"),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart") }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("clock"), jumpS: fc.constantFrom(0, 3600, -3600, 1e7) }) },
  );
  const trace = fc.tuple(
    fc.array(appliance, { minLength: 1, maxLength: 2 }),
    fc.array(fc.tuple(fc.integer({ min: 0, max: 200 }), event), { maxLength: 80 }),
  );
  fc.assert(
    fc.property(trace, ([appliances, steps]) => {
      let at = 0;
      const events = steps.map(([waitS, one]) => {
        at += waitS;
        if ("on" in one)
          return { at, kind: "instruction", resource: one.resource, instructions: [{ from: at, until: at + 3600, on: one.on }] };
        return "mode" in one ? { at, ...one, until: at + 1800 } : { at, ...one };
      });
      const lines = run([
        {
          at: 0,
          kind: "config",
          maxImportW: 8000,
          appliances: appliances.map((one, index) => ({ resource: `r${index}`, ...one })),
        },
        ...events,
      ]);
      const switched = new Map<string, number[]>();
      const before = new Map(appliances.map(({ safeOn }, index) => [`r${index}`, safeOn]));
      let powerW: number | null = null;
      let readAt = 0;
      for (const [index, line] of lines.entries()) {
        const said = events[index - 1];
        if (said && "powerW" in said) [powerW, readAt] = [said.powerW, line.at];
        if (said?.kind === "restart") powerW = null;
        let risenW = 0;
        for (const { resource, on, leaseUntilS } of line.commands) {
          if (leaseUntilS !== null) expect(leaseUntilS - line.at).toBeLessThanOrEqual(900);
          const { safeOn = false, ratedPowerW = 0 } = appliances[Number(resource.slice(1))] ?? {};
          expect(leaseUntilS === null).toBe(on === safeOn);
          if (on !== before.get(resource) && said?.kind !== "restart") {
            const times = [...(switched.get(resource) ?? []), line.at].filter((time) => line.at - time < 3600);
            switched.set(resource, times);
            if (on) expect(times.length).toBeLessThanOrEqual(6);
            if (on) risenW += ratedPowerW;
          }
          before.set(resource, on);
        }
        // What is switched on fits under the limit by the newest reading, unless the house's own safe state is on.
        const limitW = Math.min(8000, line.limitW ?? Infinity);
        const allSafe = line.commands.every(({ leaseUntilS }) => leaseUntilS === null);
        if (
          risenW > 0 &&
          !allSafe &&
          powerW !== null &&
          line.at - readAt <= 60 &&
          line.commands.every(({ on }, one) => !on || !appliances[one]?.safeOn)
        )
          expect(powerW + risenW).toBeLessThanOrEqual(limitW);
      }
    }),
    { numRuns: 3000 },
  );
});

/** A case with known answers that may lie beside the project. */
const file = join(import.meta.dirname, "../../../../shared/cases/failsafe-eebus-lpc.json");
const Case = z.object({
  inputs: z.object({
    limit_writes: z.array(z.object({ t: z.number(), watts: z.number(), active: z.boolean(), duration_s: z.number().nullable() })),
  }),
  expected: z.object({ limit_w_at: z.record(z.string(), z.union([z.number(), z.literal("unlimited")])) }),
});
it.skipIf(!existsSync(file))("answers the EEBUS LPC case as it is known", () => {
  const { inputs, expected } = Case.parse(JSON.parse(readFileSync(file, "utf8")));
  const beats = (from: number, to: number): object[] =>
    Array.from({ length: Math.floor((to - from) / 60) + 1 }, (_, at) => ({ at: from + 60 * at, kind: "heartbeat" }));
  const events = [
    ...beats(10, 190),
    ...beats(9000, 9600),
    ...beats(10_000, 10_100),
    ...inputs.limit_writes.map(({ t, watts, active, duration_s: durationS }) => ({
      at: t,
      kind: "limit",
      limitW: watts,
      active,
      durationS,
    })),
    ...Object.keys(expected.limit_w_at).map((at) => ({ at: Number(at), kind: "clock" })),
  ] as { at: number; kind: string }[];
  const sorted = events.toSorted((one, other) => one.at - other.at);
  const lines = run(sorted);
  for (const [at, limit] of Object.entries(expected.limit_w_at)) {
    const line = lines.find((one, index) => one.at === Number(at) && sorted[index]?.kind === "clock");
    expect([at, line?.limitW]).toEqual([at, limit === "unlimited" ? null : limit]);
  }
});
