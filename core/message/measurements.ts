import { z } from "zod";
import { Quality } from "../reading.ts";
import { Instant, Name } from "./fields.ts";

/** grid: all that the house takes and gives; load: one appliance; pv: a generator behind the grid meter. */
export const MeterRole = z.enum(["grid", "load", "pv"]);
export type MeterRole = z.infer<typeof MeterRole>;

/** Energy of one slot of one counter, in Wh (OpenADR USAGE). */
export const SlotItem = z.object({
  kind: z.literal("slot"),
  seq: z.int().positive(),
  meter: Name,
  /** What the meter measures; only the grid meter is settled. */
  role: MeterRole,
  register: z.enum(["import", "export"]),
  start: Instant,
  end: Instant,
  /** No connection of a home gives more than 1 GWh in a slot. */
  wh: z.int().min(0).max(1e9),
  quality: Quality,
  clockSynced: z.boolean(),
});

/** One reading as it was at an instant (OpenADR READING); only with the household's consent. */
export const SampleItem = z.object({
  kind: z.literal("sample"),
  seq: z.int().positive(),
  meter: Name,
  at: Instant,
  powerW: z.int().nullable(),
  importWh: z.int().nullable(),
  exportWh: z.int().nullable(),
  quality: Quality,
  clockSynced: z.boolean(),
});

/** One switching of an appliance, with its cause. */
export const SwitchItem = z.object({
  kind: z.literal("switch"),
  seq: z.int().positive(),
  resource: Name,
  at: Instant,
  on: z.boolean(),
  reason: z.string().max(200),
});

/**
 * Rows that do not come: all numbers from `seq` to `through`. Those that the home gave up before they were delivered (never
 * slots), or those that waited when the household took its consent back.
 */
export const GapItem = z.object({
  kind: z.literal("gap"),
  seq: z.int().positive(),
  through: z.int().positive(),
  /** Instants of the first and the last row that are missing. */
  from: Instant,
  to: Instant,
  reason: z.string().max(200),
});
export type GapItem = z.infer<typeof GapItem>;

/** One row of a home's outbox. */
export const MeasurementItem = z.discriminatedUnion("kind", [SlotItem, SampleItem, SwitchItem, GapItem]);
export type MeasurementItem = z.infer<typeof MeasurementItem>;

/**
 * up/meter: outbox rows of one run of the agent, in order of seq. At most 500. Where a backlog waits, the newest slots come
 * before it and once more in their turn.
 */
export const Measurements = z.object({
  v: z.literal(1),
  /** Id of the agent's run; seq counts from 1 within it. */
  boot: z.uuid(),
  /**
   * All rows of that run up to here are receipted and gone; left out where there are none. An aggregator that does not have
   * them (its database was restored, or is a new one) must not wait for them.
   */
  receipted: z.int().positive().optional(),
  /** The rows waited: the newest of them is older than half an hour. */
  historical: z.boolean().optional(),
  items: z.array(MeasurementItem).min(1).max(500),
});
export type Measurements = z.infer<typeof Measurements>;

/** dn/receipt: all rows of that run up to seq are safely stored. Signed; only this marks rows delivered. */
export const Receipt = z.object({ boot: z.uuid(), seq: z.int().nonnegative() });
export type Receipt = z.infer<typeof Receipt>;
