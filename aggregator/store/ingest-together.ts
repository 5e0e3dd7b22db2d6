import { setImmediate as turn } from "node:timers/promises";
import type { Kysely } from "kysely";
import type { AggregatorStore, Ingested } from "./aggregator-store.ts";
import { type IngestOrder, ingestRows } from "./ingest-rows.ts";
import type { ManyRows } from "./many-rows.ts";
import type { Tables } from "./tables.ts";

interface Waiting {
  order: IngestOrder;
  done: PromiseWithResolvers<Ingested>;
}

/** Rows of one commit, so that it does not hold up what else is written. */
const mostRows = 4000;
/** Transactions at a time; while the server writes one to its disk the next is made. SQLite has one writer. */
const mostAtOnce = 2;

/**
 * Keeps together what homes hand in in quick succession: one commit, and so one write to the disk, for all of it. Each run has
 * one message in a commit. Where a commit fails each of its messages is tried by itself, so that one home's rows cannot keep
 * the others' out.
 */
export function ingestTogether(db: Kysely<Tables>, many: ManyRows): AggregatorStore["ingest"] {
  let waiting: Waiting[] = [];
  /** Runs that are just being written. */
  const busy = new Set<string>();
  let writing = 0;
  let starting = false;
  const keep = (orders: readonly IngestOrder[]): Promise<Ingested[]> =>
    db.transaction().execute((transaction) => ingestRows(transaction, many, orders));
  const write = async (group: readonly Waiting[]): Promise<void> => {
    const results = await keep(group.map(({ order }) => order)).catch((error: unknown) =>
      group.length === 1 || !isAboutRows(error) ? Promise.reject(error) : null,
    );
    for (const [index, { order, done }] of group.entries()) {
      const result = results?.[index];
      if (result) done.resolve(result);
      else await keep([order]).then(([own]) => done.resolve(own as Ingested), done.reject);
    }
  };
  const begin = (): void => {
    while (waiting.length > 0 && writing < mostAtOnce) {
      const group = nextGroup(waiting, busy);
      if (group.length === 0) return;
      const taken = new Set(group);
      waiting = waiting.filter((one) => !taken.has(one));
      for (const one of group) busy.add(keyOf(one));
      writing++;
      void write(group)
        .catch((error: unknown) => group.forEach(({ done }) => done.reject(error)))
        .finally(() => {
          writing--;
          for (const one of group) busy.delete(keyOf(one));
          begin();
        });
    }
  };
  return (site, message, leastNumber) => {
    const done = Promise.withResolvers<Ingested>();
    waiting.push({ order: { site, message, leastNumber }, done });
    if (!starting) {
      starting = true;
      // What comes in the same turn is written together.
      void turn().then(() => {
        starting = false;
        begin();
      });
    }
    return done.promise;
  };
}

/** PostgreSQL: class 22, a value that cannot be, or 23, a constraint; SQLite by name. A database that is away is neither. */
function isAboutRows(error: unknown): boolean {
  return (
    error instanceof Error &&
    "code" in error &&
    /^(2[23]...|SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE).*)$/.test(String(error.code))
  );
}

const keyOf = ({ order: { site, message } }: Waiting): string => `${site} ${message.boot}`;

/** What is written together: the first that wait, one of each run, up to the rows of a commit, none of a run that is written. */
function nextGroup(waiting: readonly Waiting[], busy: ReadonlySet<string>): Waiting[] {
  const group: Waiting[] = [];
  const runs = new Set(busy);
  let rows = 0;
  for (const one of waiting) {
    const key = keyOf(one);
    const { length } = one.order.message.items;
    if (group.length > 0 && rows + length > mostRows) break;
    if (runs.has(key)) continue;
    runs.add(key);
    group.push(one);
    rows += length;
  }
  return group;
}
