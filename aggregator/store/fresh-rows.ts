import { type Kysely, PostgresAdapter, type RawBuilder, sql } from "kysely";
import type { Tables } from "./tables.ts";

/** Columns with the type that PostgreSQL gives to each. */
export type Columns = Readonly<Record<string, "text" | "bigint">>;

/**
 * Rows that a statement reads like a table `fresh`. Its text is the same for one row and for thousands: they go as one JSON
 * text, which both databases take apart faster than a query builder writes thousands of values, and without a limit of their
 * number.
 */
export function freshRows(db: Kysely<Tables>, columns: Columns, rows: readonly object[]): RawBuilder<unknown> {
  const json = JSON.stringify(rows);
  if (isPostgres(db)) {
    const typed = Object.entries(columns).map(([name, type]) => `${name} ${type}`);
    return sql`json_to_recordset(${json}::json) as fresh(${sql.raw(typed.join(", "))})`;
  }
  const values = Object.keys(columns).map((name) => `value ->> '$.${name}' as ${name}`);
  return sql`(select ${sql.raw(values.join(", "))} from json_each(${json})) as fresh`;
}

/**
 * Inserts many rows.
 * @param then what happens with those that are there, such as "do nothing"
 */
export async function insertMany(
  db: Kysely<Tables>,
  table: keyof Tables,
  columns: Columns,
  rows: readonly object[],
  then: string,
): Promise<void> {
  const names = sql.raw(Object.keys(columns).join(", "));
  // "where true": without it SQLite takes "on" for that of a join.
  await sql`insert into ${sql.raw(table)} (${names}) select ${names} from ${freshRows(db, columns, rows)} where true
    on conflict ${sql.raw(then)}`.execute(db);
}

/** Whether rows can be locked one by one; SQLite has one writer. */
export const isPostgres = (db: Kysely<Tables>): boolean => db.getExecutor().adapter instanceof PostgresAdapter;
