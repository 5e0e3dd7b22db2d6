import fc from "fast-check";
import type { TraceEvent } from "../../../agent/replay/trace-event.ts";
import type { Phases } from "./simulated-house.ts";

/** What happens, so long after what happened before. Times are relative: the trace's own come when it is played. */
export interface Step {
  waitS: number;
  what: What;
}

type What =
  /** Readings at even intervals, with a heartbeat each minute or without. */
  | { is: "calm"; baseW: Phases; lagMs: number; everyS: number; count: number; beats: boolean; phases: number }
  | { is: "heartbeat" }
  | { is: "limit"; limitW: number; active: boolean; durationS: number | null }
  | { is: "instruction"; resource: string; list: { fromS: number; forS: number; on: boolean; factor?: number | undefined }[] }
  | { is: "override"; resource: string; mode: "boost" | "pause" | "holiday" | "clear"; forS: number }
  | { is: "clock"; jumpS: number | undefined }
  | { is: "restart" }
  | { is: "config"; config: Config };

/** Everything of a config event but when. */
export type Config = Omit<Extract<TraceEvent, { kind: "config" }>, "kind" | "at">;

/** A trace whose readings are still to be made by a house. */
export interface Story {
  config: Config;
  /** The wall clock at its beginning, s since 1970. */
  wallS: number;
  steps: Step[];
}

const names = ["r0", "r1", "r2", "r3"];
const resource = fc.constantFrom(...names);
const rest = fc.constantFrom(0, 0, 0, 30, 300, 900);

const appliance = fc
  .record({
    ratedPowerW: fc.constantFrom(0, 300, 1000, 1000, 2000, 2000, 2300, 3680, 11_000),
    minOnS: rest,
    minOffS: rest,
    maxOffS: fc.constantFrom(null, null, 300, 1800, 5400),
    safeOn: fc.boolean(),
    steps: fc.constantFrom(null, null, { stepW: 230, share: 0.4 }, { stepW: 100, share: 0 }, { stepW: 700, share: 1 }),
    phases: fc.constantFrom(null, [1], [2], [3], [1, 2, 3], [1, 3]),
    kind: fc.constantFrom(
      "other",
      "other",
      "other",
      "other",
      "other",
      "other",
      "other",
      "other",
      "heat_pump",
      "ev",
      "fridge",
      "freezer",
      "medical",
      "alarm",
      "network",
    ),
  })
  .map(({ steps, ...one }) => ({
    ...one,
    ...(steps && { stepW: steps.stepW, minPowerW: Math.round(one.ratedPowerW * steps.share) }),
  }));

const appliances = fc
  .array(appliance, { minLength: 1, maxLength: names.length, size: "max" })
  .map((list) => list.map((one, index) => ({ resource: names[index] ?? "", ...one })));

/** Of the house and of the grid operator's rules. */
const figures = {
  maxImportW: fc.constantFrom(4000, 8000, 8000, 17_250),
  fusePhaseW: fc.constantFrom(2300, 3680, 5750),
  peakRoomW: fc.constantFrom(null, null, null, 1000, 2500, 5000),
  rampWPerMin: fc.constantFrom(null, null, 500, 3000, 10_000),
  randomDelayS: fc.constantFrom(0, 0, 1, 10, 60, 600, 1800),
  seed: fc.constantFrom("", "a", "another house"),
  heartbeatTimeoutS: fc.constantFrom(60, 120, 600),
  failsafeLimitW: fc.constantFrom(0, 1000, 4200, 20_000, 20_000, 20_000),
  failsafeMinDurationS: fc.constantFrom(7200, 86_400),
  releaseWindowS: fc.constantFrom(60, 120, 300),
};

/** Any of the figures may be left out: then it stays as it was. */
const config: fc.Arbitrary<Config> = fc
  .record({ appliances, ...figures }, { requiredKeys: [] })
  .map((one) => JSON.parse(JSON.stringify(one)) as Config);

const baseW = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Phases>([200, 100, 100], [600, 0, 300], [1000, 1000, 2000], [-3000, -500, 0]) },
  { weight: 3, arbitrary: fc.tuple(fc.nat(1500), fc.nat(3000), fc.nat(3000)) },
  { weight: 1, arbitrary: fc.tuple(fc.integer({ min: -9000, max: 9000 }), fc.nat(100), fc.nat(9000)) },
);

const calm = fc.record({
  is: fc.constant("calm" as const),
  baseW,
  lagMs: fc.constantFrom(1, 500, 1000, 5000, 9999, 10_000),
  everyS: fc.constantFrom(1, 5, 10, 10, 30, 30, 59, 60, 61),
  count: fc.integer({ min: 1, max: 12 }),
  beats: fc.boolean(),
  phases: fc.constantFrom(0, 1, 3, 3, 3),
});

const limit = fc.record({
  is: fc.constant("limit" as const),
  limitW: fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(0, 800, 1500, 3000, 4200, 6000, 11_000) },
    { weight: 2, arbitrary: fc.constantFrom(-1, -0, 0.5, 4200.5, -1e9, 2 ** 53, 1e308, NaN, Infinity, -Infinity) },
  ),
  active: fc.constantFrom(true, true, true, false),
  durationS: fc.constantFrom(null, null, 30, 600, 7200, 1e9, 1e300, 0, -5, NaN, Infinity),
});

const instruction = fc.record({
  is: fc.constant("instruction" as const),
  resource,
  list: fc.array(
    fc.record({
      fromS: fc.constantFrom(0, 0, 0, 0, -600, -86_400, 20, 60, 120, 300, 3600),
      forS: fc.constantFrom(7200, 7200, 900, 60, 60, 1e8),
      on: fc.boolean(),
      factor: fc.constantFrom(undefined, undefined, 0, 0.3, 0.5, 1),
    }),
    { maxLength: 4, size: "max" },
  ),
});

const override = fc.record({
  is: fc.constant("override" as const),
  resource,
  mode: fc.constantFrom("boost" as const, "boost" as const, "pause" as const, "holiday" as const, "clear" as const),
  forS: fc.constantFrom(10, 120, 1800, 86_400, 0, -100),
});

const clock = fc.record({
  is: fc.constant("clock" as const),
  jumpS: fc.constantFrom(undefined, undefined, 0, 3600, -3600, 7, -7, 31_557_600, -31_557_600, 315_576_000, -315_576_000),
});

const what: fc.Arbitrary<What> = fc.oneof(
  { weight: 12, arbitrary: calm },
  { weight: 2, arbitrary: fc.record({ is: fc.constant("heartbeat" as const) }) },
  { weight: 4, arbitrary: limit },
  { weight: 9, arbitrary: instruction },
  { weight: 3, arbitrary: override },
  { weight: 2, arbitrary: clock },
  { weight: 1, arbitrary: fc.record({ is: fc.constant("restart" as const) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant("config" as const), config }) },
);

const waitS = fc.oneof(
  { weight: 4, arbitrary: fc.constant(0) },
  { weight: 6, arbitrary: fc.nat(20) },
  { weight: 2, arbitrary: fc.integer({ min: 20, max: 200 }) },
  { weight: 1, arbitrary: fc.constantFrom(60, 120, 121, 300, 899, 900, 3600, 9000) },
);

/** Houses, grid operators, aggregators and residents of all kinds. */
export const story: fc.Arbitrary<Story> = fc.record({
  config: fc.tuple(appliances, config).map(([own, one]) => ({ ...one, appliances: own }) as Config),
  wallS: fc.constantFrom(0, 500_000_000, 500_000_899),
  steps: fc.array(fc.record({ waitS, what }), { minLength: 3, maxLength: 36, size: "max" }),
});
