import type { DemandWindow } from "../../planner/demand-window.ts";
import type { SeenSlot } from "../../planner/presence-forecast.ts";
import type { StoredSlot, StoredSwitching } from "../store/aggregator-store.ts";

/** A charger that stands by draws less, W; one that charges draws more. */
const standByW = 50;

/**
 * Whether a car was there to be charged, as far as its charger's meter tells. It is while it draws. It is not while it might draw
 * and does not, in a window in which it has not drawn yet; later it may be full, and is taken to stay until the window ends, as
 * its household says. Nobody can tell while it is held off before that, nor outside windows. Pure.
 * @param slots of its meter, oldest first
 * @param switchings oldest first; before the first nobody knows
 * @param windows of its demand, oldest first
 */
export function presenceSeen(
  slots: readonly StoredSlot[],
  switchings: readonly StoredSwitching[],
  windows: readonly DemandWindow[],
): SeenSlot[] {
  let [switched, window, isOn, drew] = [0, 0, false, false];
  const seen: SeenSlot[] = [];
  for (const { startMs, endMs, wh } of slots) {
    while (startMs >= (windows[window]?.readyMs ?? Infinity)) {
      window += 1;
      drew = false;
    }
    for (; (switchings[switched]?.atMs ?? Infinity) <= startMs; switched += 1) isOn = switchings[switched]?.on ?? false;
    let mightDraw = isOn;
    for (; (switchings[switched]?.atMs ?? Infinity) < endMs; switched += 1) {
      isOn = switchings[switched]?.on ?? false;
      mightDraw &&= isOn;
    }
    const isInside = startMs >= (windows[window]?.fromMs ?? Infinity);
    if ((wh * 3_600_000) / (endMs - startMs) > standByW) {
      drew ||= isInside;
      seen.push({ startMs, endMs, there: true });
    } else if (isInside && drew) seen.push({ startMs, endMs, there: true, assumed: true });
    else if (isInside && mightDraw) seen.push({ startMs, endMs, there: false });
  }
  return seen;
}
