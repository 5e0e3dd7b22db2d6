import type { Clock } from "../../../core/clock/clock.ts";

/** How much may go through: so many of each caller in a minute, and so many of all in a day. */
export interface Allowance {
  /** Why it may not now; undefined counts it for the caller. */
  refusal(caller: string): string | undefined;
  /** Counts one for the day. */
  spend(): void;
}

/** Callers of the last minute that are remembered. */
const mostCallers = 10_000;

/** Counts from zero. */
export function allowance(limits: { perMinute: number; perDay: number }, clock: Pick<Clock, "monotonicMs">): Allowance {
  let [minute, day] = [-1, -1];
  const callers = new Map<string, number>();
  let spent = 0;
  const turn = (): void => {
    const nowMs = clock.monotonicMs();
    if (Math.floor(nowMs / 60_000) !== minute) callers.clear();
    if (Math.floor(nowMs / 86_400_000) !== day) spent = 0;
    [minute, day] = [Math.floor(nowMs / 60_000), Math.floor(nowMs / 86_400_000)];
  };
  return {
    refusal(caller) {
      turn();
      if (spent >= limits.perDay) return `the ${limits.perDay} transactions of today are sent; try again tomorrow`;
      const asked = callers.get(caller) ?? 0;
      if (asked >= limits.perMinute || callers.size >= mostCallers)
        return `at most ${limits.perMinute} in a minute; try again later`;
      callers.set(caller, asked + 1);
      return undefined;
    },
    spend() {
      turn();
      spent++;
    },
  };
}
