import type { Kysely } from "kysely";
import type { Tables } from "./tables.ts";

/** A run of a home as it stands in the database. */
export interface HeldRun {
  site: string;
  boot: string;
  contiguousSeq: number;
  /** The highest number that ever came, rows and gaps; null where an older program counted. */
  newestSeq: number | null;
  /** Rows up to this number that are not here were deleted for their age. */
  thinnedSeq: number;
  /** Of the newest receipt; -1 where there is none yet. */
  receiptNumber: number;
}

type RunKey = Pick<HeldRun, "site" | "boot">;

/** What is done with many rows at a time, each engine in its quickest way. All of it within one transaction. */
export interface ManyRows {
  /** Has other writers of these runs wait; new runs are made. In the order of `runs`, none of which is there twice. */
  holdRuns(tx: Kysely<Tables>, runs: readonly RunKey[]): Promise<HeldRun[]>;
  keepRuns(tx: Kysely<Tables>, runs: readonly HeldRun[]): Promise<void>;
  /** A row whose number is there stays as it is. */
  addItems(tx: Kysely<Tables>, rows: readonly Tables["item"][]): Promise<void>;
}

/** Columns of an item with the type that PostgreSQL gives to each. */
export const itemColumns = {
  site: "text",
  boot: "text",
  seq: "bigint",
  kind: "text",
  meter: "text",
  role: "text",
  register: "text",
  start_ms: "bigint",
  end_ms: "bigint",
  wh: "bigint",
  body: "text",
} as const satisfies Record<keyof Tables["item"], string>;
