import type { Database } from "better-sqlite3";
import { itemColumns, type HeldRun, type ManyRows } from "./many-rows.ts";
import type { OnQuery } from "./timed.ts";

const columns = Object.keys(itemColumns);

/**
 * For SQLite: a prepared statement for each row, which costs less there than to take many rows apart again.
 * @param database the connection that the query builder has, too; its transactions hold the lock to write from their beginning
 */
export function sqliteRows(database: Database, onQuery: OnQuery = () => undefined): ManyRows {
  const find = database.prepare<[string, string], [number, number | null, number, number]>(
    "select contiguous_seq, newest_seq, receipt_number, thinned_seq from run where site = ? and boot = ?",
  );
  find.raw(true);
  const make = database.prepare(
    "insert into run (site, boot, contiguous_seq, newest_seq, receipt_number) values (?, ?, 0, 0, -1)",
  );
  const keep = database.prepare(
    "update run set contiguous_seq = ?, newest_seq = ?, receipt_number = ? where site = ? and boot = ?",
  );
  const add = database.prepare(
    `insert into item (${columns.join(", ")}) values (${columns.map(() => "?").join(", ")}) on conflict do nothing`,
  );
  const timed = async <T>(work: () => T): Promise<T> => {
    const startedMs = performance.now();
    try {
      return work();
    } finally {
      onQuery(performance.now() - startedMs);
    }
  };
  return {
    holdRuns: (_tx, runs) =>
      timed(() =>
        runs.map(({ site, boot }): HeldRun => {
          const [contiguousSeq, newestSeq, receiptNumber, thinnedSeq] =
            find.get(site, boot) ?? (make.run(site, boot), [0, 0, -1, 0]);
          return { site, boot, contiguousSeq, newestSeq, receiptNumber, thinnedSeq };
        }),
      ),
    keepRuns: (_tx, runs) =>
      timed(() => {
        for (const { site, boot, contiguousSeq, newestSeq, receiptNumber } of runs)
          keep.run(contiguousSeq, newestSeq, receiptNumber, site, boot);
      }),
    addItems: (_tx, rows) =>
      timed(() => {
        for (const row of rows)
          add.run(
            row.site,
            row.boot,
            row.seq,
            row.kind,
            row.meter,
            row.role,
            row.register,
            row.start_ms,
            row.end_ms,
            row.wh,
            row.body,
          );
      }),
  };
}
