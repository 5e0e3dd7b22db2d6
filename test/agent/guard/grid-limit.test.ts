import fc from "fast-check";
import { expect, it } from "vitest";
import {
  defaultGridLimitRules as rules,
  gridLimitAtStart,
  gridLimitW,
  refusedLimit,
  stepGridLimit,
  type GridLimitEvent,
} from "../../../agent/guard/grid-limit.ts";

const s = (seconds: number): number => seconds * 1000;
const beats = (from: number, to: number): GridLimitEvent[] =>
  Array.from({ length: Math.floor((to - from) / 60) + 1 }, (_, at) => ({ kind: "heartbeat", atMs: s(from + 60 * at) }));
const limit = (at: number, limitW: number, more: { active?: boolean; durationS?: number } = {}): GridLimitEvent => ({
  kind: "limit",
  atMs: s(at),
  limitW,
  active: more.active ?? true,
  durationMs: more.durationS === undefined ? null : s(more.durationS),
});

/** The limit at an instant, after all events up to it; at one instant the later one of the list counts last. */
function limitAt(events: readonly GridLimitEvent[], seconds: number): number | null {
  const past = events.filter(({ atMs }) => atMs <= s(seconds)).toSorted((one, other) => one.atMs - other.atMs);
  const state = [...past, { kind: "tick", atMs: s(seconds) } as const].reduce(
    (now, event) => stepGridLimit(now, event, rules),
    gridLimitAtStart,
  );
  return gridLimitW(state, rules);
}

const day = [...beats(10, 190), limit(10, 6000), ...beats(9000, 9600), ...beats(10_000, 11_000), limit(10_050, 5000)];

it.each<[string, GridLimitEvent[], number, number | null]>([
  ["starts in failsafe, having heard nothing", day, 5, 4200],
  ["takes a limit that follows a heartbeat", day, 20, 6000],
  ["keeps it while heartbeats come", day, 250, 6000],
  ["falls into failsafe when they stop", day, 330, 4200],
  ["is not released by time alone, however long", day, 8000, 4200],
  ["stays in failsafe when heartbeats are back without a limit", day, 9060, 4200],
  ["is unlimited when none comes for the release window", day, 9150, null],
  ["stays so while heartbeats come", day, 9700, null],
  ["and falls into failsafe when they stop again", day, 9740, 4200],
  ["heartbeats alone release nothing at once", day, 10_040, 4200],
  ["a limit after a heartbeat does, at once", day, 10_060, 5000],
  ["a limit without any heartbeat changes nothing", [limit(10, 9000)], 11, 4200],
  ["a limit of the same instant as the heartbeat counts, whichever comes first", [limit(10, 9000), ...beats(10, 10)], 11, 9000],
  ["and one shortly before it, of the same writing", [limit(9.001, 9000), ...beats(10, 10)], 11, 9000],
  ["a limit before the heartbeat does not follow it", [limit(9, 9000), ...beats(10, 10)], 11, 4200],
  ["a limit runs out after its duration", [...beats(10, 600), limit(20, 3000, { durationS: 100 })], 120, null],
  ["and not before", [...beats(10, 600), limit(20, 3000, { durationS: 100 })], 119, 3000],
  [
    "a limit that is taken back is no limit, whatever figure it carries",
    [...beats(10, 600), limit(20, 3000), limit(30, 0, { active: false })],
    40,
    null,
  ],
  ["0 W that is active is a limit", [...beats(10, 600), limit(20, 0)], 40, 0],
  ["a negative limit is refused and the one before stays", [...beats(10, 600), limit(20, 3000), limit(30, -1)], 40, 3000],
  ["exactly 120 s without heartbeat is not lost yet", [...beats(10, 10), limit(20, 3000)], 130, 3000],
  ["a second more is", [...beats(10, 10), limit(20, 3000)], 131, 4200],
])("%s", (_, events, at, expected) => expect(limitAt(events, at)).toBe(expected));

it("says why a limit is refused", () => {
  expect(refusedLimit({ limitW: -5, active: true, durationMs: null })).toContain("-5 W");
  expect(refusedLimit({ limitW: Number.NaN, active: true, durationMs: null })).toContain("NaN");
  expect(refusedLimit({ limitW: 5, active: true, durationMs: 0 })).toContain("0 ms");
  expect(refusedLimit({ limitW: 4200, active: true, durationMs: 1000 })).toBeUndefined();
});

/** The rules once more, from the whole history at each instant instead of step by step. */
function model(events: readonly GridLimitEvent[], atMs: number): number | null {
  const past = events.filter((event) => event.atMs <= atMs);
  const heard = past.filter(({ kind }) => kind === "heartbeat").map((event) => event.atMs);
  const newest = heard.at(-1);
  if (newest === undefined || atMs - newest > rules.heartbeatTimeoutMs) return rules.failsafeLimitW;
  // The unbroken run of heartbeats up to now.
  let since = newest;
  for (const beat of heard.toReversed()) {
    if (since - beat > rules.heartbeatTimeoutMs) break;
    since = beat;
  }
  const written = past
    .filter((event) => event.kind === "limit")
    .findLast((event) => event.atMs >= since && refusedLimit(event) === undefined);
  if (!written) return atMs - since >= rules.releaseWindowMs ? null : rules.failsafeLimitW;
  const over = written.durationMs !== null && atMs >= written.atMs + written.durationMs;
  return written.active && !over ? written.limitW : null;
}

it("agrees with the rules read from the whole history, for any history", () => {
  const at = fc.integer({ min: 0, max: 2000 }).map(s);
  const event = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("heartbeat" as const), atMs: at }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant("limit" as const),
        atMs: at,
        limitW: fc.integer({ min: -1, max: 9000 }),
        active: fc.boolean(),
        durationMs: fc.option(fc.integer({ min: 1, max: 600 }).map(s)),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("tick" as const), atMs: at }) },
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const sorted = events.toSorted((one, other) => one.atMs - other.atMs);
      let state = gridLimitAtStart;
      for (const [index, one] of sorted.entries()) {
        state = stepGridLimit(state, one, rules);
        if (sorted[index + 1]?.atMs === one.atMs) continue;
        expect(gridLimitW(state, rules)).toBe(model(sorted, one.atMs));
      }
    }),
    { numRuns: 20_000 },
  );
});
