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

/** Quarter-hour demand that a capacity tariff charges for (Belgium, Switzerland); import only, sum of the phases. */
export const DemandReading = z.object({
  /** Average of the running fixed quarter of an hour so far (OBIS 1.4.0), W. */
  quarterW: z.int().nonnegative().optional(),
  /** Highest quarter of this month (OBIS 1.6.0), W. */
  monthPeakW: z.int().nonnegative().optional(),
  monthPeakAtMs: z.int().nullable().optional(),
  /** Peaks of past months (OBIS 98.1.0), as the meter orders them. */
  months: z.array(z.object({ endMs: z.int(), peakW: z.int().nonnegative(), peakAtMs: z.int().nullable() })),
});

/** Power failures as the meter counted them. */
export const PowerFailures = z.object({
  any: z.int().nonnegative().optional(),
  long: z.int().nonnegative().optional(),
  log: z.array(z.object({ endMs: z.int(), seconds: z.int().nonnegative() })),
});

/** Tariff in force, as the meter numbers it, and what the number means in its country; null where that is not known. */
export const ActiveTariff = z.object({ number: z.string(), meaning: z.enum(["low", "normal"]).nullable() });

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
  /** Counters per tariff, keyed by the tariff number as the meter gives it (OBIS 1.8.t, 2.8.t); what it does not give is absent. */
  tariffs: z.record(
    z.string(),
    z.object({ importWh: z.int().nonnegative().optional(), exportWh: z.int().nonnegative().optional() }),
  ),
  /** Net active power, import positive; null where the meter does not say. */
  powerW: z.int().nullable(),
  phases: z.array(PhaseReading),
  subMeters: z.array(SubMeterReading),
  activeTariff: ActiveTariff.optional(),
  demand: DemandReading.optional(),
  powerFailures: PowerFailures.optional(),
  /** Text that the grid operator shows on the meter. */
  message: z.string().optional(),
});
export type Reading = z.infer<typeof Reading>;
export type PhaseReading = z.infer<typeof PhaseReading>;
export type SubMeterReading = z.infer<typeof SubMeterReading>;
export type DemandReading = z.infer<typeof DemandReading>;
export type PowerFailures = z.infer<typeof PowerFailures>;
export type ActiveTariff = z.infer<typeof ActiveTariff>;
