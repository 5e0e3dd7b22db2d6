/** Work that a step of simulated time waits for. */
export interface HeldWork {
  /** Gives the promise back. */
  hold<T>(work: Promise<T>): Promise<T>;
  /** Resolves when nothing is held, whatever came of it. */
  settled(): Promise<void>;
}

/** Nothing held yet. */
export function heldWork(): HeldWork {
  const held = new Set<Promise<unknown>>();
  return {
    hold(work) {
      held.add(work);
      const done = (): void => void held.delete(work);
      work.then(done, done);
      return work;
    },
    async settled() {
      while (held.size > 0) await Promise.allSettled(held);
    },
  };
}
