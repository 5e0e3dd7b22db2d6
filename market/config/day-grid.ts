import { AppError } from "../../core/app-error.ts";
import { localTimeOf } from "../../core/slots.ts";
import type { GridElement } from "../flexibility/grid-model.ts";
import { slotsOf, type Period } from "../flexibility/period.ts";

/** One figure for all slots, or one each slot of a day of 24 hours, from local midnight. */
export type DayFigures = number | readonly number[];

/** An element of the grid by the time of the day. */
export interface DayElement extends Pick<GridElement, "name" | "kind" | "above"> {
  importLimitW: DayFigures;
  exportLimitW: DayFigures;
  baseW: DayFigures;
}

/** The figures of one local day, by what its clocks show: an hour that comes twice has the same figures both times. @throws AppError market-bad-grid */
export function figuresOn(figures: DayFigures, period: Period, name: string): Float64Array {
  const { slotMinutes, timezone } = period;
  const count = (24 * 60) / slotMinutes;
  if (typeof figures !== "number" && figures.length !== count)
    throw new AppError("market-bad-grid", `${name} has ${figures.length} figures, expected ${count}, one each slot of a day`);
  return Float64Array.from(slotsOf(period), ({ startMs }) => {
    if (typeof figures === "number") return figures;
    const [hour = 0, minute = 0] = localTimeOf(startMs, timezone).split(":").map(Number);
    return figures[Math.floor((hour * 60 + minute) / slotMinutes)] ?? 0;
  });
}

/** Elements as they are on a local day. @throws AppError market-bad-grid */
export function dayGrid(elements: readonly DayElement[], period: Period): GridElement[] {
  return elements.map(({ name, kind, above, importLimitW, exportLimitW, baseW }) => ({
    name,
    kind,
    above,
    importLimitW: figuresOn(importLimitW, period, `the import limit of ${name}`),
    exportLimitW: figuresOn(exportLimitW, period, `the export limit of ${name}`),
    baseW: figuresOn(baseW, period, `the base load of ${name}`),
  }));
}
