/**
 * Work that runs once at a time for each name: asked for while it runs, it runs once more afterwards, however often it was
 * asked. So nobody piles up work by asking, and what was asked for last is always done after the asking.
 */
export function oneAtATime(work: (name: string) => Promise<void>): (name: string) => Promise<void> {
  const running = new Map<string, { now: Promise<void>; next?: Promise<void> }>();
  const run = (name: string): Promise<void> => {
    const now = work(name).finally(() => {
      // Where more was asked for, that takes this place without a moment in which nothing seems to run.
      if (!running.get(name)?.next) running.delete(name);
    });
    running.set(name, { now });
    return now;
  };
  return (name) => {
    const busy = running.get(name);
    if (!busy) return run(name);
    busy.next ??= busy.now.then(
      () => run(name),
      () => run(name),
    );
    return busy.next;
  };
}
