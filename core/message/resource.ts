import { z } from "zod";
import { Instant, LocalTime, Name } from "./fields.ts";
import { Curtailment, FillLevel, Storage } from "./storage.ts";

/** What an appliance is for, and so what it needs. */
export const Demand = z.discriminatedUnion("kind", [
  /** So much energy in each daily window that ends at readyBy and opens at notBefore, local time. */
  z.object({ kind: z.literal("energy"), energyWh: z.int().positive(), notBefore: LocalTime, readyBy: LocalTime }),
  /** Runs by its own thermostat; may be blocked for so long at a time, then must be free as long as minFreeS. */
  z.object({ kind: z.literal("block"), maxBlockS: z.int().positive(), minFreeS: z.int().positive() }),
]);
export type Demand = z.infer<typeof Demand>;

/** up/resource/R, retained: what may be controlled (S2 ResourceManagerDetails with an OMBC.SystemDescription). */
export const Resource = z.object({
  v: z.literal(1),
  resource: Name,
  controlType: z.literal("OMBC"),
  /**
   * powerW: the most that the mode draws; minPowerW: the least, where it can be set in between (S2 power_ranges). fillRate: how
   * fast its storage fills at powerW, and minFillRate at minPowerW, % or °C an hour (S2 fill_rate).
   */
  operationModes: z
    .array(
      z.object({
        id: z.string().max(32),
        powerW: z.int(),
        minPowerW: z.int().optional(),
        fillRate: z.number().optional(),
        minFillRate: z.number().optional(),
      }),
    )
    .min(1)
    .max(16),
  minOnS: z.int().nonnegative(),
  minOffS: z.int().nonnegative(),
  /** Operation mode that the gateway falls back to. */
  failsafeMode: z.string(),
  /** Absent where nothing is asked of it, such as a battery. */
  demand: Demand.optional(),
  /** What it stores; absent where it stores nothing, too little is known, or without the consent to tell of appliances. */
  storage: Storage.optional(),
  /** How panels can be told to give less. */
  curtailment: Curtailment.optional(),
  timezone: z.string(),
  /** House import limit, W. */
  maxImportW: z.int().positive(),
  /** House export limit, W; absent where it has none. */
  maxExportW: z.int().nonnegative().optional(),
  /** Load meter that measures it alone, as its slots name it; absent without one, or without the consent to tell of appliances. */
  meter: Name.optional(),
  /**
   * What the gateway has drawn: increases that begin in the slot i * stepS after start wait delaysS[i] seconds. Plans and
   * baselines reckon with it.
   */
  increaseDelays: z
    .object({ start: Instant, stepS: z.int().positive(), delaysS: z.array(z.int().nonnegative()).max(200) })
    .optional(),
});
export type Resource = z.infer<typeof Resource>;

/** boost: on now, whatever it costs; pause: off; holiday: off, for days; hold: as somebody set it by hand. Each ends by itself. */
export const OverrideMode = z.enum(["boost", "pause", "holiday", "hold"]);
export type OverrideMode = z.infer<typeof OverrideMode>;

/** up/status/R, retained: how it stands (S2 OMBC.Status). */
export const ResourceStatus = z.object({
  v: z.literal(1),
  resource: Name,
  at: Instant,
  operationModeId: z.string(),
  /** Since when it is in that mode (S2 transition_timestamp); absent where nobody knows. */
  transitionTimestamp: Instant.optional(),
  reason: z.string().max(200),
  /** What it is set to draw at most, W; absent without the household's consent to tell of single appliances. */
  powerW: z.int().optional(),
  /** Why it does not do what it is told; absent where it does. */
  alarm: z.string().max(500).optional(),
  /** Energy given since the demand window opened, Wh; 0 for demand "block"; absent without that consent. */
  deliveredWh: z.int().nonnegative().optional(),
  /** How full its storage is; absent where nobody knows, or without that consent. */
  fillLevel: FillLevel.optional(),
  /**
   * Present while something stands above the instructions (OpenADR 2.0b opt), with whose it is: a resident's word, somebody's
   * hand at the device, comfort or a deadline, the safety of pipes, or the house's own plan while the aggregator is not heard.
   */
  override: z
    .object({
      cause: z.enum(["user", "hand", "comfort", "safety", "comms"]),
      /** Of a word of people. */
      mode: OverrideMode.optional(),
      /** Null: until its reason has gone. */
      until: Instant.nullable(),
    })
    .optional(),
});
export type ResourceStatus = z.infer<typeof ResourceStatus>;

/** up/state, retained, also as Last Will. */
export const SiteState = z.object({ v: z.literal(1), state: z.enum(["init", "ready", "disconnected", "lost"]), boot: z.uuid() });
export type SiteState = z.infer<typeof SiteState>;
