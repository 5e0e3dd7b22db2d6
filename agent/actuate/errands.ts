/** Work for appliances: one thing at a time for each, side by side for all. */
export interface Errands {
  /** Does it when everything before it for that resource is over. */
  inTurn<T>(resource: string, work: () => Promise<T>): Promise<T>;
  /**
   * The same, but what waits and has not begun is replaced: a device that takes long gets the newest word next and never a
   * queue of old ones. Resolves when the word that replaced it was carried out.
   */
  newest(resource: string, work: () => Promise<void>): Promise<void>;
  /** Whether something is being done for it or waits. */
  busy(resource: string): boolean;
}

/** Errands of one actuator. */
export function errands(): Errands {
  const turns = new Map<string, Promise<unknown>>();
  const waiting = new Map<string, { work: () => Promise<void>; done: Promise<void> }>();
  const inTurn = <T>(resource: string, work: () => Promise<T>): Promise<T> => {
    const turn = (turns.get(resource) ?? Promise.resolve()).then(work);
    const over = turn
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (turns.get(resource) === over) turns.delete(resource);
      });
    turns.set(resource, over);
    return turn;
  };
  return {
    inTurn,
    newest(resource, work) {
      const queued = waiting.get(resource);
      if (queued) {
        queued.work = work;
        return queued.done;
      }
      const done = inTurn(resource, () => {
        const now = waiting.get(resource)?.work ?? work;
        waiting.delete(resource);
        return now();
      });
      waiting.set(resource, { work, done });
      return done;
    },
    busy: (resource) => turns.has(resource),
  };
}
