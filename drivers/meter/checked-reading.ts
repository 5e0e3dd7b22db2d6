import { AppError } from "../../core/app-error.ts";
import type { Reading } from "../../core/reading.ts";

/** Beyond these no home or small business connection goes; a figure past them is a fault, not a load. */
const limits = { powerW: 1_000_000, voltageV: 500, currentA: 5_000 };

/**
 * The last step of every meter family. A reading with a figure that cannot be is marked suspect, so nobody books it.
 * Checked by hand and not by the schema of Reading, which costs as much as all the rest of a telegram; that both agree is tested.
 * @throws AppError meter-impossible-reading when it is no reading at all
 */
export function checkedReading(draft: Reading): Reading {
  const bad = badField(draft);
  if (bad !== undefined)
    throw new AppError(
      "meter-impossible-reading",
      `meter ${draft.meter} sent an impossible reading (${bad}); look at its raw frames`,
    );
  if (draft.importWh === null && draft.exportWh === null && draft.powerW === null && draft.subMeters.length === 0)
    throw new AppError(
      "meter-impossible-reading",
      `meter ${draft.meter} sent no counter, no power and no sub-meter; check that the driver fits the meter`,
    );
  return impossible(draft) ? { ...draft, quality: "suspect" } : draft;
}

const isCounter = (value: number | null): boolean => value === null || (Number.isSafeInteger(value) && value >= 0);
const isWhole = (value: number | null | undefined): boolean =>
  value === null || value === undefined || Number.isSafeInteger(value);
const isFigure = (value: number | undefined): boolean => value === undefined || Number.isFinite(value);

/** Name of a field that no number of its kind can hold. */
function badField(reading: Reading): string | undefined {
  if (!isCounter(reading.importWh)) return `importWh ${reading.importWh}`;
  if (!isCounter(reading.exportWh)) return `exportWh ${reading.exportWh}`;
  if (!isWhole(reading.powerW)) return `powerW ${reading.powerW}`;
  if (!isWhole(reading.receivedMs) || !isWhole(reading.meterMs)) return "time";
  for (const tariff in reading.tariffs) {
    const { importWh = 0, exportWh = 0 } = reading.tariffs[tariff] ?? {};
    if (!isCounter(importWh) || !isCounter(exportWh)) return `tariff ${tariff}`;
  }
  for (const { voltageV, currentA, powerW } of reading.phases)
    if (!isFigure(voltageV) || !isFigure(currentA) || !isWhole(powerW)) return "phases";
  for (const { channel, value } of reading.subMeters) if (!isFigure(value)) return `sub-meter ${channel}`;
  return undefined;
}

function impossible({ powerW, phases }: Reading): boolean {
  if (Math.abs(powerW ?? 0) > limits.powerW) return true;
  for (const phase of phases)
    if (
      Math.abs(phase.powerW ?? 0) > limits.powerW ||
      Math.abs(phase.voltageV ?? 0) > limits.voltageV ||
      Math.abs(phase.currentA ?? 0) > limits.currentA
    )
      return true;
  return false;
}
