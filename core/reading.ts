import { z } from "zod";

/**
 * How far a figure may be trusted. valid: checksum and plausibility passed; unchecked: the telegram has no checksum;
 * estimated: worked out, not read; suspect: kept for diagnosis, never booked.
 */
export const Quality = z.enum(["valid", "unchecked", "estimated", "suspect"]);
export type Quality = z.infer<typeof Quality>;

/** One phase; absent where the meter does not say. powerW is net, import positive. */
export const PhaseReading = z.object({
  voltageV: z.number().optional(),
  currentA: z.number().optional(),
  powerW: z.int().optional(),
});

/** A meter behind the meter, such as gas on an M-Bus channel of a P1 port. */
export const SubMeterReading = z.object({
  channel: z.int(),
  /** From the M-Bus device type, never from the channel. */
  medium: z.enum(["electricity", "gas", "heat", "cold", "water", "hot-water", "other"]),
  id: z.string().nullable(),
  value: z.number(),
  unit: z.string(),
  /** Instant of the value in ms, by the meter. Null where it gives none or a sentinel. */
  atMs: z.int().nullable(),
});

/**
 * What every meter family ends in. Counters in integer Wh, power in integer W, import positive.
 * Instants in ms since 1970 UTC.
 */
export const Reading = z.object({
  /** Name in the configuration. */
  meter: z.string(),
  /** Serial identifier of the device; a new one closes the ledger. Null where it gives none. */
  meterId: z.string().nullable(),
  receivedMs: z.int(),
  /** The meter's own time; null where it gives none or a sentinel. */
  meterMs: z.int().nullable(),
  /** Whether the gateway's clock was set by network time at receipt. */
  clockSynced: z.boolean(),
  quality: Quality,
  /** Total energy counters (OBIS 1.8.0 and 2.8.0); null where the meter has none. */
  importWh: z.int().nonnegative().nullable(),
  exportWh: z.int().nonnegative().nullable(),
  /** Counters per tariff, keyed by the tariff number as the meter gives it (OBIS 1.8.t, 2.8.t). */
  tariffs: z.record(z.string(), z.object({ importWh: z.int().nonnegative(), exportWh: z.int().nonnegative() })),
  /** Net active power, import positive; null where the meter does not say. */
  powerW: z.int().nullable(),
  phases: z.array(PhaseReading),
  subMeters: z.array(SubMeterReading),
});
export type Reading = z.infer<typeof Reading>;
export type PhaseReading = z.infer<typeof PhaseReading>;
export type SubMeterReading = z.infer<typeof SubMeterReading>;
