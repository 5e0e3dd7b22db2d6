import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { householdOf, type Agreement } from "../../settlement/record/agreement.ts";
import type { CallSender } from "../../settlement/chain/call-sender.ts";
import { chainProbe, type ChainProbe } from "../../settlement/chain/chain-probe.ts";
import type { ChainReader, Finality, PairState } from "../../settlement/chain/chain-reader.ts";
import type { TypedDataSigner } from "../../settlement/record/signature.ts";
import { publishCall } from "../../settlement/chain/settlement-calls.ts";
import type { SettlementConfig } from "../config/agent-config.ts";
import type { InclusionStore } from "../store/inclusion-store.ts";
import type { PublicationStore } from "../store/publication-store.ts";
import type { RecordStore, SignedRecord } from "../store/record-store.ts";
import type { SettlementStores } from "../store/settlement-stores.ts";
import type { HoldStore } from "../store/settlement-hold.ts";
import type { StatementStore } from "../store/statement-store.ts";
import { headKeeper } from "./keep-head.ts";
import { openSender } from "./open-sender.ts";
import { retries } from "./retries.ts";
import { settlingCall, signaturesOf } from "./settling-call.ts";
import { watchtower, type Watchtower } from "./watchtower.ts";

/** What a gateway does on the chain by itself, so that it has to trust nobody. */
export interface ChainChores {
  /**
   * One round, to be called each minute; never fails, what did not succeed is tried again later.
   * @param left whether the gateway has left the aggregator's control: then its newest half-signed record is published
   */
  run(left: boolean): Promise<void>;
  close(): void;
}

/** By which rules. */
export interface ChoreRules {
  finality: Finality;
  /** What both have signed must be in a final epoch within this. */
  includedWithinMs: number;
  /** Most publications in 24 hours. */
  publishedPerDay: number;
  /** Each record is settled by itself. */
  settleOwn: boolean;
}

/** What they work with. */
export interface ChoreParts {
  agreement: Agreement;
  chain: Pick<ChainReader, "pairOf" | "partyOf" | "keyOf" | "readCommit">;
  probe: Pick<ChainProbe, "blockNumber" | "dryRun" | "published">;
  /** Null where nothing is configured that could send. */
  sender: CallSender | null;
  /** Null without one. */
  tower: Watchtower | null;
  records: RecordStore;
  statements: StatementStore;
  hold: HoldStore;
  inclusions: InclusionStore;
  publications: PublicationStore;
  rules: ChoreRules;
  clock: Clock;
  log: Log;
}

/** The pair's escrow is looked at this often. */
const watchMs = 3_600_000;
const dayMs = 86_400_000;
/** Records that one round settles or publishes. */
const mostAtOnce = 20;

/** Opens what they need: a sender where one is configured. @throws AppError of key files */
export async function openChainChores(options: {
  config: SettlementConfig;
  agreement: Agreement;
  signer: TypedDataSigner;
  chain: ChoreParts["chain"];
  stores: SettlementStores;
  clock: Clock;
  log: Log;
}): Promise<ChainChores> {
  const { config } = options;
  const probe = chainProbe(config);
  const sender = await openSender(config);
  const { finality, includedWithinMs, settleOwn } = config;
  const rules = { finality, includedWithinMs, settleOwn, publishedPerDay: config.publish?.perDay ?? 0 };
  const tower = config.watchtowerUrl === undefined ? null : watchtower(config.watchtowerUrl, options);
  const run = chainChores({ ...options, ...options.stores, probe, sender, tower, rules });
  return {
    run,
    close() {
      probe.close();
      sender?.close();
    },
  };
}

/** The same with its parts given. */
export function chainChores(parts: ChoreParts): ChainChores["run"] {
  const { agreement, chain, probe, records, inclusions, publications, rules, clock, log } = parts;
  const { a, b } = agreement;
  const pair = `${a}-${b}`;
  const homeIsA = householdOf(agreement) === a;
  const again = retries(clock);
  let watchedMs = -Infinity;
  let settledSeq = -1;
  let saidNoSender = false;
  /** Does a piece of work when its time has come; what it throws is told and tried again. */
  const attempt = async (key: string, work: () => Promise<void>): Promise<void> => {
    if (!again.due(key)) return;
    try {
      await work();
      again.done(key);
    } catch (error) {
      again.failed(key);
      log.warn({ chore: key, code: errorCode(error), error: errorMessage(error) }, "settlement chore failed, tried again later");
    }
  };
  const senderFor = (why: string): CallSender | null => {
    if (!parts.sender && !saidNoSender)
      log.error({ code: "settlement-no-sender", why }, "nothing can be sent to the chain: settlement.publish is not configured");
    saidNoSender = !parts.sender;
    return parts.sender;
  };

  const confirmEpochs = async (): Promise<void> => {
    for (const said of inclusions.open()) {
      const key = `epoch ${said.epoch} ${said.root}`;
      if (!again.due(key)) continue;
      const onChain = await chain.readCommit(said.by, said.epoch, rules.finality);
      if (!onChain) again.failed(key);
      else if (onChain.root === said.root && onChain.count === said.count) inclusions.confirm(said);
      else {
        inclusions.drop(said);
        const { epoch, root } = said;
        log.error(
          { code: "settlement-root-differs", epoch, root, onChain: onChain.root },
          "the aggregator told a root that is none",
        );
      }
    }
  };
  const settle = async (known: SignedRecord, why: string): Promise<void> => {
    const sender = senderFor(why);
    if (!sender) return;
    const call = await settlingCall(known, { homeIsA, probe, inclusion: inclusions.of(known.digest) });
    const tx = await sender.send(call);
    log.info({ seq: known.record.seq, call: call.what, tx, why }, "record settled by the gateway");
  };
  const watchPair = async (): Promise<void> => {
    const newest = records.newestCosigned(pair);
    const isDue = clock.monotonicMs() - watchedMs >= watchMs;
    const hasOwn = rules.settleOwn && (newest?.record.seq ?? 0) > settledSeq;
    if (!newest || !(isDue || hasOwn)) return;
    const onChain = await chain.pairOf(a, b);
    settledSeq = onChain.seq;
    const journalled = records.at(pair, onChain.seq);
    if (journalled && journalled.digest !== onChain.head)
      parts.statements.accuse(pair, { seq: onChain.seq, digest: onChain.head }, null);
    const leaving = homeIsA ? onChain.leavingB : onChain.leavingA;
    if (rules.settleOwn)
      for (let { seq } = onChain; seq < Math.min(newest.record.seq, onChain.seq + mostAtOnce);) {
        const known = records.at(pair, ++seq);
        if (known?.ownSignature && known.otherSignature) await settle(known, "settle_own");
      }
    else if (leaving > 0n && newest.record.seq > onChain.seq && owedToHome(newest, onChain, homeIsA) > 0n) {
      const { seq } = newest.record;
      log.warn({ leaving: String(leaving), seq }, "the other side has announced to take money out; the newest record is settled");
      await settle(newest, "withdrawal of the other side");
    }
    watchedMs = clock.monotonicMs();
  };
  const publish = async (known: SignedRecord, why: string): Promise<void> => {
    const { record, digest } = known;
    const begun = publications.of(digest);
    if (begun?.done) return;
    const onChain = async (fromBlock: number): Promise<boolean> => {
      const found = (await probe.published(a, b, fromBlock, record.seq)).find((one) => one.digest === digest);
      if (found) publications.done(digest, found.tx);
      return found !== undefined;
    };
    // A try of before may have arrived after all.
    if (begun && (await onChain(begun.fromBlock))) return;
    const sender = senderFor(why);
    if (!sender || publications.triedSince(clock.now() - dayMs) >= rules.publishedPerDay) return;
    const signatures = signaturesOf(known, homeIsA);
    const call = publishCall(record, signatures.a, signatures.b);
    await probe.dryRun(call);
    const fromBlock = begun?.fromBlock ?? (await probe.blockNumber());
    publications.begin(digest, fromBlock, clock.now());
    const tx = await sender.send(call);
    publications.sent(digest, tx);
    if (!(await onChain(fromBlock)))
      throw new AppError("settlement-not-on-chain", `record ${record.seq} is not on the chain yet, although ${tx} was named`, {
        temporary: true,
      });
    log.warn({ seq: record.seq, tx, why }, "record published on chain by the gateway");
  };
  const publishOmitted = async (left: boolean): Promise<void> => {
    const halfSigned = left ? records.uncountersigned(pair).slice(-1) : [];
    const wanted = [
      ...halfSigned.map(({ seq }) => ({ seq, why: "countersignature withheld" })),
      ...inclusions.omitted(pair, clock.now() - rules.includedWithinMs).map((seq) => ({ seq, why: "omitted from every epoch" })),
    ];
    let tried = 0;
    for (const { seq, why } of wanted) {
      const known = records.at(pair, seq);
      const key = `publish ${seq}`;
      if (!known || !again.due(key) || tried++ >= mostAtOnce) continue;
      await attempt(key, () => publish(known, why));
    }
  };
  const keepHead = headKeeper(parts);
  return async (left) => {
    await attempt("newest record", keepHead);
    await attempt("epochs", confirmEpochs);
    await attempt("escrow", watchPair);
    await attempt("publications", () => publishOmitted(left));
  };
}

/** What the other side would still owe by a record, beyond what the chain has settled; below zero where the home owes. */
function owedToHome({ record }: SignedRecord, pair: PairState, homeIsA: boolean): bigint {
  const byA = pair.open + BigInt(record.cumA) - pair.cumA - (BigInt(record.cumB) - pair.cumB);
  return homeIsA ? -byA : byA;
}
