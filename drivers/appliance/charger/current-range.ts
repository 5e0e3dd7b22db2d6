import { AppError } from "../../../core/app-error.ts";
import { nominalPhaseV } from "../../../core/nominal-voltage.ts";
import type { OperationMode, Setting } from "../../../core/setting.ts";

/** Currents that a charger may be set to, in its own steps: 0, or from `least` to `most`. */
export interface CurrentRange {
  stepsPerA: number;
  phases: 1 | 3;
  least: number;
  most: number;
}

/**
 * @param options.mostA the most of the charger's family, which a higher maxA does not raise
 * @throws AppError device-bad-options where nothing is left between the two
 */
export function currentRange(options: {
  name: string;
  minA: number;
  maxA: number;
  mostA: number;
  stepsPerA: number;
  phases: 1 | 3;
}): CurrentRange {
  const { name, minA, stepsPerA, phases } = options;
  const maxA = Math.min(options.maxA, options.mostA);
  // A step is never missed because 6.3 * 10 is not quite 63.
  const hair = 1e-6;
  const least = Math.ceil(minA * stepsPerA - hair);
  const most = Math.floor(maxA * stepsPerA + hair);
  if (least > most)
    throw new AppError(
      "device-bad-options",
      `charger ${name} has no current between min_current_a ${minA} and ${maxA} A (max_current_a and its family's most); correct the two`,
    );
  return { stepsPerA, phases, least, most };
}

/** Off, and charging with each power that one of the currents gives. */
export function chargerModes(range: CurrentRange): readonly OperationMode[] {
  const minW = powerOf(range, range.least);
  const { most, phases, stepsPerA } = range;
  const maxW = Math.max(minW, Math.floor((most * phases * nominalPhaseV) / stepsPerA));
  return [
    { id: "off", minW: 0, maxW: 0 },
    { id: "charge", minW, maxW },
  ];
}

/**
 * Steps of the current for a setting: rounded down, never above the most, and 0 where the power is below the least.
 * @throws AppError device-unknown-mode
 */
export function stepsOf(range: CurrentRange, { mode, powerW }: Setting): number {
  if (mode === "off") return 0;
  if (mode !== "charge") throw new AppError("device-unknown-mode", `a charger has no mode ${mode}; it has off and charge`);
  const { stepsPerA, phases, least, most } = range;
  const steps = Math.floor((powerW * stepsPerA) / (phases * nominalPhaseV));
  // Written so that no number at all is off too.
  return steps >= least ? Math.min(steps, most) : 0;
}

/**
 * Power of a current, whole W. Rounded up: where a step is less than a watt, the power that led to this current is the next
 * whole one above it.
 */
export function powerOf({ stepsPerA, phases }: CurrentRange, steps: number): number {
  return Math.ceil((steps * phases * nominalPhaseV) / stepsPerA);
}
