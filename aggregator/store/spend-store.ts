import type { Kysely, Selectable } from "kysely";
import type { Tables } from "./tables.ts";

/** One transaction that the aggregator has paid for. */
export interface Spent {
  chainId: number;
  hash: string;
  /** The call: commit, attachBlobs, settle, settleMany, settlePartial, depositMany, approve. */
  what: string;
  block: number;
  /** When it was seen in a block. */
  atMs: number;
  gas: bigint;
  blobGas: bigint;
  /** Gas and blobs together, wei. */
  feeWei: bigint;
  /** Settlement records that it put into an epoch, or paid for. */
  records: number;
}

/** What one kind of call has cost. */
export type SpentSum = Pick<Spent, "chainId" | "what" | "gas" | "blobGas" | "feeWei" | "records"> & { transactions: number };

/** What was spent, and what comes round. */
export interface SpendStore {
  /** Keeps a transaction; what comes again adds only its records. */
  addSpent(spent: Spent): Promise<void>;
  /** In order of time, within from <= t < to. */
  spent(span: { fromMs: number; toMs: number; limit: number; offset?: number }): Promise<Spent[]>;
  /** The same summed by chain and kind of call. */
  spentSums(span: { fromMs: number; toMs: number }): Promise<SpentSum[]>;
  /** Keeps a top-up before it is sent: after a crash it counts, sent or not. */
  addTopUp(site: string, micro: bigint, atMs: number): Promise<void>;
  /** Micro-units topped up since an instant. */
  toppedUpSince(ms: number): Promise<bigint>;
  /** When something is due next; null where it never was. */
  due(what: string): Promise<number | null>;
  setDue(what: string, atMs: number): Promise<void>;
}

/** Costs in the aggregator's database. */
export function spendStore(db: Kysely<Tables>): SpendStore {
  return {
    async addSpent({ chainId, hash, what, block, atMs, gas, blobGas, feeWei, records }) {
      await db
        .insertInto("spend")
        .values({
          chain_id: chainId,
          hash,
          what,
          block,
          at_ms: atMs,
          gas: Number(gas),
          blob_gas: Number(blobGas),
          fee_wei: String(feeWei),
          records,
        })
        .onConflict((on) =>
          on.columns(["chain_id", "hash"]).doUpdateSet((eb) => ({ records: eb("spend.records", "+", records) })),
        )
        .execute();
    },
    async spent({ fromMs, toMs, limit, offset = 0 }) {
      const rows = await db
        .selectFrom("spend")
        .selectAll()
        .where("at_ms", ">=", fromMs)
        .where("at_ms", "<", toMs)
        .orderBy("at_ms")
        .orderBy("hash")
        .limit(limit)
        .offset(offset)
        .execute();
      return rows.map(spentFrom);
    },
    async spentSums({ fromMs, toMs }) {
      const rows = await db.selectFrom("spend").selectAll().where("at_ms", ">=", fromMs).where("at_ms", "<", toMs).execute();
      const sums = new Map<string, SpentSum>();
      // Fees are longer than a database's integers.
      for (const { chainId, what, gas, blobGas, feeWei, records } of rows.map(spentFrom)) {
        const key = `${chainId} ${what}`;
        const sum = sums.get(key) ?? { chainId, what, gas: 0n, blobGas: 0n, feeWei: 0n, records: 0, transactions: 0 };
        sums.set(key, {
          chainId,
          what,
          gas: sum.gas + gas,
          blobGas: sum.blobGas + blobGas,
          feeWei: sum.feeWei + feeWei,
          records: sum.records + records,
          transactions: sum.transactions + 1,
        });
      }
      return [...sums.values()];
    },
    async addTopUp(site, micro, atMs) {
      await db
        .insertInto("top_up")
        .values({ site, micro: String(micro), at_ms: atMs })
        .execute();
    },
    async toppedUpSince(ms) {
      const rows = await db.selectFrom("top_up").select("micro").where("at_ms", ">=", ms).execute();
      return rows.reduce((sum, { micro }) => sum + BigInt(micro), 0n);
    },
    async due(what) {
      const row = await db.selectFrom("due").select("at_ms").where("what", "=", what).executeTakeFirst();
      return row ? Number(row.at_ms) : null;
    },
    async setDue(what, atMs) {
      await db
        .insertInto("due")
        .values({ what, at_ms: atMs })
        .onConflict((on) => on.column("what").doUpdateSet({ at_ms: atMs }))
        .execute();
    },
  };
}

function spentFrom(row: Selectable<Tables["spend"]>): Spent {
  return {
    chainId: Number(row.chain_id),
    hash: row.hash,
    what: row.what,
    block: Number(row.block),
    atMs: Number(row.at_ms),
    gas: BigInt(row.gas),
    blobGas: BigInt(row.blob_gas),
    feeWei: BigInt(row.fee_wei),
    records: Number(row.records),
  };
}
