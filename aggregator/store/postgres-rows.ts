import { type Kysely, type RawBuilder, type Selectable, sql } from "kysely";
import { itemColumns, type HeldRun, type ManyRows } from "./many-rows.ts";
import type { Tables } from "./tables.ts";

type Columns = Readonly<Record<string, "text" | "bigint">>;

const keyColumns = { site: "text", boot: "text" } as const;
const runColumns = { ...keyColumns, contiguous_seq: "bigint", newest_seq: "bigint", receipt_number: "bigint" } as const;

/** Runs that are remembered as made; each is a few dozen bytes. */
const mostKnown = 100_000;

/**
 * For PostgreSQL: few statements, whose text is the same for one row and for thousands. The rows go along as one JSON text,
 * which costs less than a parameter for each value.
 */
export function postgresRows(): ManyRows {
  /** Runs that were there once: the server need not be asked to make them. */
  const known = new Set<string>();
  return {
    async holdRuns(tx, runs) {
      const unknown = runs.filter((run) => !known.has(keyOf(run)));
      if (unknown.length > 0) await makeRuns(tx, unknown);
      const held = await lockRuns(tx, runs);
      // They were forgotten since.
      const gone = runs.filter((run) => !held.has(keyOf(run)));
      if (gone.length > 0) {
        await makeRuns(tx, gone);
        for (const [key, run] of await lockRuns(tx, gone)) held.set(key, run);
      }
      if (known.size > mostKnown) known.clear();
      for (const run of unknown) known.add(keyOf(run));
      return runs.map((run) => {
        const found = held.get(keyOf(run));
        if (!found) throw new Error(`run ${run.boot} of ${run.site} was not kept`);
        return found;
      });
    },
    async keepRuns(tx, runs) {
      const rows = runs.map(({ site, boot, contiguousSeq, newestSeq, receiptNumber }) => ({
        site,
        boot,
        contiguous_seq: contiguousSeq,
        newest_seq: newestSeq,
        receipt_number: receiptNumber,
      }));
      await sql`update run set contiguous_seq = fresh.contiguous_seq, newest_seq = fresh.newest_seq,
      receipt_number = fresh.receipt_number from ${table(runColumns, rows)}
      where run.site = fresh.site and run.boot = fresh.boot`.execute(tx);
    },
    async addItems(tx, rows) {
      const names = sql.raw(Object.keys(itemColumns).join(", "));
      await sql`insert into item (${names}) select ${names} from ${table(itemColumns, rows)} on conflict do nothing`.execute(tx);
    },
  };
}

type RunKey = Pick<HeldRun, "site" | "boot">;

/** Locked in the same order by all, so that no two wait for each other. */
async function lockRuns(tx: Kysely<Tables>, runs: readonly RunKey[]): Promise<Map<string, HeldRun>> {
  const { rows } = await sql<Selectable<Tables["run"]>>`select run.* from run
    join ${table(keyColumns, runs)} on run.site = fresh.site and run.boot = fresh.boot
    order by run.site, run.boot for update of run`.execute(tx);
  return new Map(
    rows.map((row) => [
      keyOf(row),
      {
        site: row.site,
        boot: row.boot,
        contiguousSeq: Number(row.contiguous_seq),
        newestSeq: row.newest_seq === null ? null : Number(row.newest_seq),
        receiptNumber: Number(row.receipt_number),
        thinnedSeq: Number(row.thinned_seq),
      },
    ]),
  );
}

async function makeRuns(tx: Kysely<Tables>, runs: readonly RunKey[]): Promise<void> {
  await sql`insert into run (site, boot, contiguous_seq, newest_seq, receipt_number)
    select site, boot, 0, 0, -1 from ${table(keyColumns, runs)} order by site, boot on conflict do nothing`.execute(tx);
}

/** Rows that a statement reads like a table `fresh`. */
function table(columns: Columns, rows: readonly object[]): RawBuilder<unknown> {
  const typed = Object.entries(columns).map(([name, type]) => `${name} ${type}`);
  return sql`json_to_recordset(${JSON.stringify(rows)}::json) as fresh(${sql.raw(typed.join(", "))})`;
}

const keyOf = ({ site, boot }: { site: string; boot: string }): string => `${site} ${boot}`;
