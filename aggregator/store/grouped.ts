import { setImmediate as turn } from "node:timers/promises";

/**
 * Writes together what comes in quick succession: one commit, and so one write to the disk, for all of it. Each caller
 * waits until its own item is safe; while a group is written, the next one gathers.
 */
export function grouped<Item>(write: (items: readonly Item[]) => Promise<void>): (item: Item) => Promise<void> {
  let waiting: Item[] = [];
  let next: Promise<void> | null = null;
  let last: Promise<unknown> = Promise.resolve();
  const writeNext = async (): Promise<void> => {
    await turn();
    const items = waiting;
    waiting = [];
    next = null;
    await write(items);
  };
  return (item) => {
    waiting.push(item);
    if (next === null) {
      next = last.then(writeNext);
      last = next.catch(() => undefined);
    }
    return next;
  };
}
