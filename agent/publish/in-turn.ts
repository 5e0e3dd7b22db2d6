import type { Clock } from "../../core/clock/clock.ts";

/**
 * Does work one piece after the other, in the background: whoever hands it in goes on at once. A piece that fails is told
 * and the next one is done all the same. Once the signal has come nothing is begun, and what fails then, for want of what is
 * closed already, is not told: whoever asked for it asks again.
 */
export function inTurn(
  clock: Pick<Clock, "hold">,
  signal: AbortSignal,
  onError: (error: unknown) => void,
): (work: () => Promise<void>) => void {
  let last: Promise<void> = Promise.resolve();
  return (work) => {
    last = last
      .then(() => (signal.aborted ? undefined : work()))
      .catch((error: unknown) => {
        if (!signal.aborted) onError(error);
      });
    void clock.hold(last);
  };
}
