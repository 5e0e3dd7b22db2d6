import { AppError } from "../../core/app-error.ts";
import { Reading } from "../../core/reading.ts";

/** Beyond these no home or small business connection goes; a figure past them is a fault, not a load. */
const limits = { powerW: 1_000_000, voltageV: 500, currentA: 5_000 };

/**
 * The last step of every meter family. A reading with a figure that cannot be is marked suspect, so nobody books it.
 * @throws AppError meter-impossible-reading when it is no reading at all
 */
export function checkedReading(draft: Reading): Reading {
  const parsed = Reading.safeParse(draft);
  if (!parsed.success)
    throw new AppError("meter-impossible-reading", `meter ${draft.meter} sent an impossible reading; look at its raw frames`, {
      cause: parsed.error,
    });
  const reading = parsed.data;
  if (reading.importWh === null && reading.exportWh === null && reading.powerW === null && reading.subMeters.length === 0)
    throw new AppError(
      "meter-impossible-reading",
      `meter ${draft.meter} sent no counter, no power and no sub-meter; check that the driver fits the meter`,
    );
  const tooMuch = (value: number | null | undefined, limit: number): boolean => Math.abs(value ?? 0) > limit;
  const impossible =
    tooMuch(reading.powerW, limits.powerW) ||
    reading.phases.some(
      (phase) =>
        tooMuch(phase.powerW, limits.powerW) ||
        tooMuch(phase.voltageV, limits.voltageV) ||
        tooMuch(phase.currentA, limits.currentA),
    );
  return impossible ? { ...reading, quality: "suspect" } : reading;
}
