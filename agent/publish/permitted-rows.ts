import type { MeasurementItem } from "../../core/message/measurements.ts";
import { slotMayLeave, type Sharing } from "../consents.ts";

const reason = "the household took its consent back";

/**
 * Rows as they may leave the house now. In the place of those that no consent covers any more, though one did when they
 * were kept, stands a gap, so that the numbers stay whole: what was taken back does not leave because it waited.
 * @param rows in order of seq
 */
export function permittedRows(rows: readonly MeasurementItem[], sharing: Sharing, gridMeter: string): MeasurementItem[] {
  const permitted: MeasurementItem[] = [];
  let withheld: Extract<MeasurementItem, { kind: "gap" }> | undefined;
  for (const row of rows) {
    const instants = mayLeave(row, sharing, gridMeter) ? undefined : instantsOf(row);
    if (!instants) {
      withheld = undefined;
      permitted.push(row);
    } else if (withheld?.through === row.seq - 1) {
      withheld.through = row.seq;
      withheld.to = instants.to;
    } else {
      withheld = { kind: "gap", seq: row.seq, through: row.seq, ...instants, reason };
      permitted.push(withheld);
    }
  }
  return permitted;
}

/** Whether a consent that is in force covers a row; totals of a quarter of an hour and gaps need none. */
export function mayLeave(row: MeasurementItem, sharing: Sharing, gridMeter: string): boolean {
  if (row.kind === "sample") return sharing.intervalMs < 900_000 && row.meter === gridMeter;
  if (row.kind === "switch") return sharing.applianceDetail;
  if (row.kind === "gap") return true;
  return slotMayLeave({ meter: row.meter, startMs: Date.parse(row.start), endMs: Date.parse(row.end) }, sharing, gridMeter);
}

/** First and last instant of what a row tells. */
function instantsOf(row: MeasurementItem): { from: string; to: string } {
  if (row.kind === "gap") return { from: row.from, to: row.to };
  return row.kind === "slot" ? { from: row.start, to: row.end } : { from: row.at, to: row.at };
}
