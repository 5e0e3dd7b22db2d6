import type { Clock } from "../../core/clock/clock.ts";

/**
 * Does work one piece after the other, in the background: whoever hands it in goes on at once. A piece that fails is told
 * and the next one is done all the same.
 */
export function inTurn(clock: Pick<Clock, "hold">, onError: (error: unknown) => void): (work: () => Promise<void>) => void {
  let last: Promise<void> = Promise.resolve();
  return (work) => {
    last = last.then(work).catch(onError);
    void clock.hold(last);
  };
}
