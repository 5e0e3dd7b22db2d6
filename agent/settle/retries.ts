import type { Clock } from "../../core/clock/clock.ts";

/** When what failed is tried again: after 1, 2, 4, … minutes, at most an hour. */
export interface Retries {
  due(key: string): boolean;
  failed(key: string): void;
  done(key: string): void;
}

const firstMs = 60_000;
const mostMs = 3_600_000;

/** Nothing has failed yet. */
export function retries(clock: Pick<Clock, "monotonicMs">): Retries {
  const waits = new Map<string, { nextMs: number; waitMs: number }>();
  return {
    due: (key) => clock.monotonicMs() >= (waits.get(key)?.nextMs ?? -Infinity),
    failed(key) {
      const waitMs = Math.min(mostMs, (waits.get(key)?.waitMs ?? firstMs / 2) * 2);
      waits.set(key, { nextMs: clock.monotonicMs() + waitMs, waitMs });
    },
    done: (key) => void waits.delete(key),
  };
}
