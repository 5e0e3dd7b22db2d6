import { z } from "zod";
import { Name } from "../../core/message/fields.ts";
import { OverrideMode } from "../../core/message/resource.ts";

const seconds = z.number().min(0).max(1e9);
const positive = z.number().positive().max(1e9);

/** An appliance as the guard knows it; the defaults are those of the configuration. */
const TraceAppliance = z.strictObject({
  resource: Name,
  ratedPowerW: z.int().min(0),
  minOnS: seconds.default(300),
  minOffS: seconds.default(300),
  maxOffS: positive.nullable().default(null),
  safeOn: z.boolean().default(false),
  /** Given with stepW: its power can be set from this to ratedPowerW in such steps. */
  minPowerW: z.int().min(0).optional(),
  stepW: z.int().positive().optional(),
  phases: z.array(z.int().min(1).max(3)).min(1).max(3).nullable().default(null),
  /** What it is; a refused kind is never switched. */
  kind: z.string().max(32).default("other"),
});

export type TracedAppliance = z.infer<typeof TraceAppliance>;

/** What is said without naming a setting. */
const SaidMode = OverrideMode.exclude(["hold"]);

/**
 * One line of a trace: what the agent heard, at so many seconds of its monotonic clock. heartbeat and limit are those of
 * the grid operator's channel, reading is the grid meter's, in W, import positive. Times of instructions and overrides are
 * seconds too; `clock` with jumpS sets the wall clock, which they follow, and without it lets time pass.
 */
export const TraceEvent = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("heartbeat"), at: seconds }),
  z.strictObject({
    kind: z.literal("limit"),
    at: seconds,
    limitW: z.number(),
    active: z.boolean().default(true),
    durationS: z.number().nullable().default(null),
  }),
  z.strictObject({ kind: z.literal("reading"), at: seconds, powerW: z.int(), phaseW: z.array(z.int()).max(3).default([]) }),
  z.strictObject({
    kind: z.literal("instruction"),
    at: seconds,
    resource: Name,
    /** The whole list; it supersedes the one before. */
    instructions: z.array(
      z.strictObject({
        from: seconds,
        until: seconds,
        on: z.boolean(),
        /** Of an appliance with steps: where between its least (0) and its most (1). */
        factor: z.number().min(0).max(1).optional(),
        reason: z.string().max(200).default("plan"),
      }),
    ),
  }),
  z.strictObject({
    kind: z.literal("override"),
    at: seconds,
    resource: Name,
    /** clear ends what the resident said before. */
    mode: z.enum([...SaidMode.options, "clear"], {
      error: ({ input }) =>
        `expected ${SaidMode.options.join(", ")} or clear${input === "hold" ? "; a hold is of a setting, which a trace cannot say: leave the event out" : ""}`,
    }),
    until: seconds.optional(),
  }),
  z.strictObject({ kind: z.literal("clock"), at: seconds, jumpS: z.number().optional() }),
  z.strictObject({ kind: z.literal("restart"), at: seconds }),
  z.strictObject({
    kind: z.literal("config"),
    at: seconds,
    appliances: z.array(TraceAppliance).optional(),
    /** What the house may take from the grid, W. */
    maxImportW: positive.optional(),
    /** What the fuse lets one phase take, W. */
    fusePhaseW: positive.optional(),
    /** What the rest of the quarter of an hour may take under a capacity tariff, W. */
    peakRoomW: positive.nullable().optional(),
    rampWPerMin: positive.nullable().optional(),
    /** Longest random delay of increases, and what it is drawn from; without it there is none. */
    randomDelayS: seconds.optional(),
    seed: z.string().max(64).optional(),
    heartbeatTimeoutS: positive.optional(),
    failsafeLimitW: z.int().min(0).optional(),
    /** Kept for the record: by the rules a minimum duration never ends failsafe, and never keeps a new limit out. */
    failsafeMinDurationS: seconds.optional(),
    releaseWindowS: positive.optional(),
  }),
]);
export type TraceEvent = z.infer<typeof TraceEvent>;
