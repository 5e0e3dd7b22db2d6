import type { PastSlot } from "./base-load.ts";

/** How long the slots of a history are: the smallest step between two of them, at least a minute; a quarter of an hour where there is but one. */
export function slotLengthMs(history: readonly PastSlot[]): number {
  const starts = history.map(({ startMs }) => startMs).toSorted((one, other) => one - other);
  let least = Infinity;
  for (let index = 1; index < starts.length; index += 1) {
    const step = (starts[index] ?? 0) - (starts[index - 1] ?? 0);
    if (step >= 60_000 && step < least) least = step;
  }
  return Number.isFinite(least) ? least : 900_000;
}
