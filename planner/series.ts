import { AppError } from "../core/app-error.ts";

/** What a problem may write where a figure a slot is meant. */
export type SeriesInput = number | null | readonly (number | null)[];

/**
 * One finite figure for each slot. Gaps (null, NaN, infinite) are filled from a day before where that is known, else from the
 * nearest figure that is, else by `fallback`; each filling is said in `notes`.
 * @throws AppError plan-bad-length where the series is neither one figure nor one each
 */
export function series(
  input: SeriesInput,
  options: { path: string; slots: number; slotsPerDay: number; fallback: number; notes: string[] },
): Float64Array {
  const { path, slots, slotsPerDay, fallback, notes } = options;
  if (typeof input === "object" && input !== null && input.length !== slots)
    throw new AppError(
      "plan-bad-length",
      `${path} has ${input.length} figures, expected ${slots}, one a slot (or one number for all)`,
    );
  const given = Array.from({ length: slots }, (_, index) => (typeof input === "number" || input === null ? input : input[index]));
  const known = (index: number): number | undefined => {
    const value = given[index];
    return typeof value === "number" && Number.isFinite(value) ? value : undefined;
  };
  const filled: number[] = [];
  const values = Float64Array.from({ length: slots }, (_, index) => {
    const own = known(index);
    if (own !== undefined) return own;
    filled.push(index);
    return known(index - slotsPerDay) ?? nearest(known, index, slots) ?? fallback;
  });
  if (filled.length > 0)
    notes.push(
      `${path} is not known in ${filled.length} of ${slots} slots (first: slot ${filled[0]}); ` +
        (filled.length === slots ? `${fallback} is assumed` : "the day before or the nearest known figure is assumed"),
    );
  return values;
}

function nearest(known: (index: number) => number | undefined, index: number, slots: number): number | undefined {
  for (let distance = 1; distance < slots; distance += 1) {
    const found = known(index - distance) ?? known(index + distance);
    if (found !== undefined) return found;
  }
  return undefined;
}
