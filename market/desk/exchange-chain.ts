import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import type { EpochInclusion } from "../../core/message/settlement-message.ts";
import type { ChainClient, SignedHead } from "../../settlement/chain/chain-client.ts";
import { buildEpoch } from "../../settlement/log/epoch.ts";
import type { EpochMaker } from "../../settlement/log/epoch-maker.ts";
import type { KeptEpochs } from "../../settlement/log/kept-epochs.ts";
import type { SignedAgreement } from "../../settlement/record/agreement.ts";
import { recordHead, zeroHash } from "../../settlement/record/record.ts";
import { pricesHash } from "../../settlement/record/reference-hash.ts";
import type { Bundle } from "../../settlement/verify/bundle.ts";
import type { ExchangeRecord, ExchangeRecordStore } from "../store/exchange-record-store.ts";
import type { Participants } from "./standings.ts";

/** The exchange's work with the chain. */
export interface ExchangeChain {
  /**
   * Does what is due: an epoch of all that both have signed and of balancing prices that none binds yet, and the settlement
   * of each pair by its newest record. Never rejects; what failed is done by a later call.
   */
  tick(): Promise<void>;
  /** The self-contained proof of a record; null while it is not signed by both. */
  bundleOf(stored: ExchangeRecord, agreement: SignedAgreement): Promise<Bundle | null>;
}

/** How many pairs go into one transaction: about 4 million gas. */
const mostTogether = 100;

export function exchangeChain(parts: {
  owner: string;
  chain: Pick<ChainClient, "pairOf" | "settleMany" | "previewSettleMany">;
  epochs: EpochMaker;
  epochStore: Pick<KeptEpochs, "epochAt">;
  /** Once in an epoch, and what follows from those that are final. */
  onEpoch: readonly (() => Promise<void>)[];
  onFinal: readonly (() => Promise<void>)[];
  rpcUrl: string;
  participants: Participants;
  records: ExchangeRecordStore;
  balancing: readonly PriceSeries[];
  epochMs: number;
  settleMs: number;
  clock: Pick<Clock, "now">;
  log: Log;
}): ExchangeChain {
  const { owner, chain, participants, records, clock, log } = parts;
  const unbound = new Set(parts.balancing);
  /** Whether there are prices that still count and that no epoch binds. */
  const keepPrices = async (): Promise<boolean> => {
    let isUnbound = false;
    for (const series of unbound) {
      const hash = pricesHash(series);
      const startMs = Date.parse(series.start);
      const endMs = startMs + series.importPerKwh.length * series.stepS * 1000;
      await records.keepSeries(hash, series, { startMs, endMs });
      if ((await records.seriesEpoch(hash)) !== null) unbound.delete(series);
      else isUnbound ||= endMs > clock.now();
    }
    return isUnbound;
  };
  const isDue = async (what: string, everyMs: number): Promise<boolean> => (await records.due(what)) + everyMs <= clock.now();
  /** Says whether its time had come. */
  const gather = async (): Promise<{ regular: boolean }> => {
    const early = await keepPrices();
    const regular = await isDue("epoch", parts.epochMs);
    if (early || regular) await parts.epochs.gather(clock.now());
    if (regular) await records.setDue("epoch", clock.now());
    return { regular };
  };
  const newestDue = async (participant: string): Promise<SignedHead[]> => {
    const agreement = participants.get(participant)?.agreement;
    const newest = await records.newestCosigned(participant);
    if (!agreement || !newest?.participantSignature || !newest.ownSignature) return [];
    const pair = await chain.pairOf(agreement.a, agreement.b);
    if (newest.record.seq <= pair.seq) return [];
    const [signatureA, signatureB] =
      agreement.a === owner
        ? [newest.ownSignature, newest.participantSignature]
        : [newest.participantSignature, newest.ownSignature];
    return [{ head: recordHead(newest.record), signatureA, signatureB }];
  };
  let settleNow = false;
  const settle = async (regular: boolean): Promise<void> => {
    settleNow ||= parts.settleMs === 0 ? regular : await isDue("settle", parts.settleMs);
    if (!settleNow) return;
    const due: SignedHead[] = [];
    for (const participant of participants.keys()) due.push(...(await newestDue(participant)));
    for (let from = 0; from < due.length; from += mostTogether) {
      const batch = due.slice(from, from + mostTogether);
      const failed = await chain.previewSettleMany(batch);
      for (const { a, b, seq, code, message } of failed)
        log.warn({ pair: `${a}-${b}`, seq, code, error: message }, "not taken by the chain");
      const good = batch.filter(({ head }) => failed.every(({ a, b }) => a !== head.a || b !== head.b));
      if (good.length === 0) continue;
      const { hash } = await chain.settleMany(good);
      log.info({ pairs: good.length, tx: hash }, "settled");
    }
    settleNow = false;
    await records.setDue("settle", clock.now());
  };
  const attempt = async (what: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      log.warn({ what, code: errorCode(error), error: errorMessage(error) }, "failed, tried again later");
    }
  };
  let running: Promise<void> | null = null;
  const inclusionOf = async (number: number | null, leaf: string): Promise<EpochInclusion | null> => {
    const epoch = number === null ? null : await parts.epochStore.epochAt(number);
    if (!epoch || epoch.committedTx === null) return null;
    const tree = buildEpoch(epoch.digests);
    return { by: owner, epoch: epoch.epoch, root: tree.root, count: tree.count, proof: tree.proofOf(leaf) };
  };
  return {
    tick: () =>
      (running ??= (async () => {
        let regular = false;
        await attempt("making an epoch", async () => void ({ regular } = await gather()));
        await attempt("committing epochs", () => parts.epochs.commit());
        await attempt("settling", () => settle(regular));
        for (const work of [...(regular ? parts.onEpoch : []), ...parts.onFinal]) await attempt("after an epoch", work);
      })().finally(() => (running = null))),
    async bundleOf(stored, signed) {
      const { record, evidence, digest, prices, participantSignature, ownSignature, participant } = stored;
      if (participantSignature === null || ownSignature === null) return null;
      const { agreement } = signed;
      const ownIsA = agreement.a === owner;
      const previous = record.seq > 1 ? await records.at(participant, record.seq - 1) : null;
      const hash = prices ? pricesHash(prices) : zeroHash;
      return {
        v: 1,
        chainId: agreement.chainId,
        contract: agreement.settlementContract,
        rpc: parts.rpcUrl,
        digest,
        record,
        evidence,
        agreement: signed,
        prices,
        signatureA: ownIsA ? ownSignature : participantSignature,
        signatureB: ownIsA ? participantSignature : ownSignature,
        previous: previous?.record ?? null,
        inclusion: await inclusionOf(stored.epoch, digest),
        pricesInclusion: prices ? await inclusionOf(await records.seriesEpoch(hash), hash) : null,
      };
    },
  };
}
