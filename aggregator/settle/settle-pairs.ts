import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { Terms } from "../../settlement/record/sign-agreement.ts";
import type { ChainClient, SignedHead } from "../../settlement/chain/chain-client.ts";
import { recordHead } from "../../settlement/record/record.ts";
import type { AggregatorStore, StoredRecord } from "../store/aggregator-store.ts";
import type { Spent } from "../../settlement/chain/transactor.ts";

/** Parts that settling works with. */
export interface SettleOptions {
  store: AggregatorStore;
  chain: Pick<ChainClient, "pairOf" | "previewSettleMany" | "settleMany" | "settle" | "settlePartial">;
  /** The aggregator's own party. */
  owner: string;
  agreements: ReadonlyMap<string, Terms>;
  /** Whether a record whose payer has too little is paid as far as the escrow goes. */
  partial: boolean;
  noteSpent: Spent;
  clock: Clock;
  log: Log;
}

/** Pays by the newest record of pairs. */
export interface PairSettler {
  /**
   * Settles the newest co-signed record of the homes. What the chain does not take goes to the log and to the operator's
   * queue, and does not hold up the others.
   * @throws AppError of the chain client where the chain does not answer
   */
  settle(sites: Iterable<string>): Promise<void>;
  /** Settles each co-signed record of a home by itself, in order, up to the first that the chain does not take. */
  settleEach(site: string): Promise<void>;
}

/** A pair with something to settle. */
interface DueRecord extends SignedHead {
  site: string;
  stored: StoredRecord;
  /** Records that it pays for. */
  records: number;
}

/** How many pairs go into one transaction: about 4 million gas. */
const mostTogether = 100;
/** Another transaction was there first; nothing is owed. */
const staleSeq = "settlement-stale-seq";
const shortEscrow = "settlement-insufficient-escrow";

/** Every call looks at the chain first, so that what was lost half-way is not paid for twice. */
export function pairSettler(options: SettleOptions): PairSettler {
  const { store, chain, owner, log, clock } = options;
  const dueRecord = (site: string, stored: StoredRecord, settledSeq: number): DueRecord | undefined => {
    const { record, gatewaySignature, ownSignature } = stored;
    if (gatewaySignature === null || ownSignature === null || record.seq <= settledSeq) return undefined;
    const [signatureA, signatureB] = record.a === owner ? [ownSignature, gatewaySignature] : [gatewaySignature, ownSignature];
    return { site, stored, head: recordHead(record), signatureA, signatureB, records: record.seq - settledSeq };
  };
  const settledSeqOf = async (site: string): Promise<number | undefined> => {
    const agreement = options.agreements.get(site);
    if (!agreement) return undefined;
    const { seq } = await chain.pairOf(agreement.a, agreement.b);
    await store.settledNow(site, seq, clock.now());
    return seq;
  };
  const newestDue = async (site: string): Promise<DueRecord | undefined> => {
    let newest = await store.newestRecord(site);
    if (newest && newest.state !== "cosigned" && newest.record.seq > 1)
      newest = await store.recordAt(site, newest.record.seq - 1);
    if (!newest) return undefined;
    const settled = await settledSeqOf(site);
    return settled === undefined ? undefined : dueRecord(site, newest, settled);
  };
  const refused = async ({ site, stored }: DueRecord, code: string, message: string): Promise<void> => {
    const { record } = stored;
    if (code === staleSeq) return log.info({ site, seq: record.seq }, "settled by another already");
    log.warn({ site, seq: record.seq, code, error: message }, "settlement not taken by the chain");
    const known = (await store.disputes({ open: true, site, limit: 100 })).some(
      (one) => one.source === "chain" && one.code === code,
    );
    if (known) return;
    const { seq } = record;
    await store.addDispute({ site, seq, source: "chain", code, message, own: {}, record, atMs: clock.now() });
  };
  const settled = async ({ site, head }: DueRecord, tx: string): Promise<void> => {
    await store.settledNow(site, head.seq, clock.now());
    log.info({ site, seq: head.seq, tx }, "settled on chain");
  };
  const payInPart = async (one: DueRecord): Promise<void> => {
    const mined = await chain.settlePartial(one.head, one.signatureA, one.signatureB);
    await options.noteSpent("settlePartial", mined, one.records);
    log.warn({ site: one.site, seq: one.head.seq, tx: mined.hash }, "settled as far as the escrow goes; the rest is open");
    await settled(one, mined.hash);
  };
  const settleBatch = async (batch: readonly DueRecord[]): Promise<void> => {
    const foretold = await chain.previewSettleMany(batch);
    const failing = new Map(foretold.map((failure) => [keyOf(failure), failure]));
    const payable = batch.filter(({ head }) => !failing.has(keyOf(head)));
    if (payable.length > 0) {
      const mined = await chain.settleMany(payable);
      const lost = new Map(mined.failed.map((failure) => [keyOf(failure), failure]));
      const paid = payable.filter(({ head }) => !lost.has(keyOf(head)));
      await options.noteSpent(
        "settleMany",
        mined,
        paid.reduce((sum, { records }) => sum + records, 0),
      );
      for (const one of paid) await settled(one, mined.hash);
      for (const [key, failure] of lost) failing.set(key, failure);
    }
    for (const one of batch) {
      const failure = failing.get(keyOf(one.head));
      if (!failure) continue;
      if (failure.code === shortEscrow && options.partial) await payInPart(one);
      else await refused(one, failure.code, failure.message);
    }
  };
  return {
    async settle(sites) {
      let batch: DueRecord[] = [];
      for (const site of sites) {
        const one = await newestDue(site);
        if (one) batch.push(one);
        if (batch.length < mostTogether) continue;
        await settleBatch(batch);
        batch = [];
      }
      if (batch.length > 0) await settleBatch(batch);
    },
    async settleEach(site) {
      const settledSeq = await settledSeqOf(site);
      if (settledSeq === undefined) return;
      for (let seq = settledSeq + 1; ; seq++) {
        const stored = await store.recordAt(site, seq);
        const one = stored?.state === "cosigned" && dueRecord(site, stored, seq - 1);
        if (!one) return;
        try {
          const mined = await chain.settle(one.head, one.signatureA, one.signatureB);
          await options.noteSpent("settle", mined, 1);
          await settled(one, mined.hash);
        } catch (error) {
          const code = errorCode(error);
          if (!code?.startsWith("settlement-")) throw error;
          if (code === shortEscrow && options.partial) await payInPart(one);
          else if (code !== staleSeq) return refused(one, code, errorMessage(error));
        }
      }
    },
  };
}

const keyOf = ({ a, b }: { a: string; b: string }): string => `${a} ${b}`;
