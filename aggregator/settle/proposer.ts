import { errorCode, errorMessage } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import {
  type Evidence,
  mostHeads,
  type RecordWire,
  type SettlementDown,
  type SettlementUp,
} from "../../core/message/settlement-message.ts";
import { householdOf, type Agreement } from "../../settlement/record/agreement.ts";
import type { ChainReader } from "../../settlement/chain/chain-reader.ts";
import { composeRecord } from "../../settlement/record/compose-record.ts";
import { signNewest } from "../../settlement/record/newest-statement.ts";
import { recordDigest, signerOf, signRecord, zeroHash } from "../../settlement/record/record.ts";
import { withoutTraded } from "../../settlement/record/residual.ts";
import { agreementHash, domainOf } from "../../settlement/record/sign-agreement.ts";
import type { TypedDataSigner } from "../../settlement/record/signature.ts";
import type { Send } from "../dispatch/sender.ts";
import { dayReckoner, type ReckonerOptions } from "../reward/day-reckoner.ts";
import type { PriceBook } from "../../planner/price-book.ts";
import type { StoredRecord } from "../store/aggregator-store.ts";
import { asCosigned } from "./as-cosigned.ts";
import type { ExchangeTrades } from "./exchange-trades.ts";
import { evidenceOf, nextPeriods, serviceOf, type Cursors, type NextPeriod } from "./next-period.ts";

/** Parts that the proposer works with. */
export interface ProposerOptions extends ReckonerOptions {
  signer: TypedDataSigner;
  chain: Pick<ChainReader, "partyOf">;
  prices: PriceBook;
  send: Send;
  /** What homes traded at an exchange; left out where none does. */
  trades?: ExchangeTrades;
  /** 32 random bytes in hex. */
  salt: () => string;
  /** Told of each record that both sides have signed. */
  onCosigned?: (site: string) => void;
  /** Told where a home does not sign because too little is in escrow, on whichever side. */
  onEscrowShort?: (site: string) => void;
}

/** The aggregator's side of settlement with every home. */
export interface Proposer {
  /** Proposes what is due at a home; sends again what has no answer for a while. One at a time per home. */
  advance(site: string): Promise<void>;
  /** Takes a home's signature or dispute, then goes on. */
  answer(site: string, message: SettlementUp): Promise<void>;
}

/** What a home says that has lost its journal: it gets the newest co-signed records back. */
const journalBehind = "settlement-journal-behind";
const tradesDiffer = "settlement-trades-differ";
const escrowShort = "settlement-escrow-short";
/** What time may cure: the home had not yet the slot, the deposit, the registration, the countersignatures, the chain or its journal. */
const curable = new Set([
  journalBehind,
  "settlement-energy-missing",
  // The home may not have heard yet of what it traded.
  tradesDiffer,
  escrowShort,
  "settlement-daily-cap",
  "settlement-countersignature-missing",
  "settlement-party-not-valid",
  "chain-unreachable",
  "settlement-no-price",
]);
/** What the home heard of its trades by then it has heard: a person must look at what still differs. */
const tradesDifferMs = 24 * 3_600_000;
/** A proposal without an answer for so long is sent again. */
const resendMs = 120_000;
const lifetimeS = 24 * 3600;

/** Proposes records to homes, one after the other per pair, and countersigns what they have signed. */
export function proposer(options: ProposerOptions): Proposer {
  const { store, clock, log } = options;
  const reckoner = dayReckoner(options);
  const sentAtMs = new Map<string, number>();
  const tell = (site: string, message: SettlementDown): Promise<void> =>
    options
      .send(site, "settlement", "settle/supply", message, { lifetimeS })
      .catch((error: unknown) => log.debug({ site, error: errorMessage(error) }, "settlement message not sent"));
  const propose = async (site: string, { record, evidence }: StoredRecord): Promise<void> => {
    sentAtMs.set(site, clock.monotonicMs());
    await tell(site, { kind: "proposal", record, evidence });
  };
  const cursors = async (site: string, agreement: Agreement): Promise<Cursors> => {
    const fromMs = Date.parse(agreement.from);
    const at = await store.cursors(site);
    return { import: at.get("import") ?? fromMs, export: at.get("export") ?? fromMs, reward: at.get("reward") ?? fromMs };
  };
  const flexibilityOf = async (site: string, agreement: Agreement, { startMs, endMs }: NextPeriod) => {
    const reward = await reckoner.rewardOf(site, { startMs, endMs });
    if (!reward) return undefined;
    // What was reckoned by terms that are not in force any more is not owed by those that are.
    if (!reward.evidence || reward.amount === 0n || reward.agreement !== agreementHash(agreement)) return "empty";
    return { register: "none" as const, slots: [], flexibility: reward.evidence };
  };
  const compose = async (
    site: string,
    agreement: Agreement,
    period: NextPeriod,
    newest: StoredRecord | null,
  ): Promise<StoredRecord | "empty" | undefined> => {
    const { kind, startMs, endMs } = period;
    const slots = kind === "reward" ? [] : await store.slots(site, kind, startMs, endMs);
    const counts = (await store.homeCounts(site, kind, iso(startMs))) ? "last" : "first";
    const whole =
      kind === "reward" && agreement.reward.kind === "flexibility"
        ? await flexibilityOf(site, agreement, period)
        : evidenceOf(period, slots, counts);
    if (!whole || whole === "empty") return whole;
    const traded = kind === "reward" ? undefined : await options.trades?.of(site, kind, startMs, endMs);
    if (traded === null) return undefined;
    const evidence: Evidence = traded ? withoutTraded(whole, traded) : whole;
    if (period.kind !== "reward" && !evidence.traded && evidence.slots.every(({ wh }) => wh === 0)) return "empty";
    const series = period.kind === "reward" ? null : (options.prices.at(period.startMs) ?? null);
    const time = iso(Math.floor(clock.now() / 1000) * 1000);
    const record = composeRecord({
      ...serviceOf(period),
      agreement,
      previous: newest?.record ?? null,
      evidence,
      series,
      salt: options.salt(),
      time,
    });
    const digest = recordDigest(domainOf(agreement), record);
    const unsigned = { state: "proposed", gatewaySignature: null, ownSignature: null, epoch: null } as const;
    return { site, record, digest, evidence, prices: series, ...unsigned };
  };
  /** Proposes the first period whose slots are all there, or steps over it where it is empty; false where none is ready. */
  const settleNext = async (site: string, agreement: Agreement, newest: StoredRecord | null): Promise<boolean> => {
    for (const whole of nextPeriods(agreement, await cursors(site, agreement), clock.now())) {
      const period = whole.kind === "reward" ? whole : pricedPart(whole, options.prices.at(whole.startMs));
      const next = await compose(site, agreement, period, newest);
      if (next === undefined) continue;
      if (next === "empty") await store.setCursor(site, period.kind, period.endMs);
      else {
        await store.addRecord(next, { kind: period.kind, nextMs: period.endMs });
        await propose(site, next);
      }
      return true;
    }
    return false;
  };
  const advanceNow = async (site: string): Promise<void> => {
    const agreement = options.agreements.get(site);
    if (!agreement) return;
    for (;;) {
      const newest = await store.newestRecord(site);
      if (newest?.state === "disputed") return;
      if (newest?.state === "proposed") {
        if (clock.monotonicMs() - (sentAtMs.get(site) ?? -Infinity) >= resendMs) await propose(site, newest);
        return;
      }
      if (!(await settleNext(site, agreement, newest))) return;
    }
  };
  const queues = new Map<string, Promise<void>>();
  const inTurn = (site: string, work: () => Promise<void>): Promise<void> => {
    const turn = (queues.get(site) ?? Promise.resolve()).then(work).catch((error: unknown) => {
      log.error({ site, code: errorCode(error), error: errorMessage(error) }, "settlement step failed");
    });
    queues.set(site, turn);
    return turn;
  };
  const signed = async (
    site: string,
    agreement: Agreement,
    message: Extract<SettlementUp, { kind: "signed" }>,
  ): Promise<void> => {
    const stored = await store.recordAt(site, message.seq);
    if (!stored || stored.digest !== message.digest)
      return log.warn({ site, seq: message.seq }, "signature for a record we did not propose");
    if (stored.state === "proposed") {
      const party = await options.chain.partyOf(householdOf(agreement));
      const by = signerOf(domainOf(agreement), stored.record, message.signature);
      if (by !== party.signer)
        return log.warn({ site, seq: message.seq, by, registered: party.signer }, "record signed by a foreign key");
      const ownSignature = await signRecord(options.signer, domainOf(agreement), stored.record);
      await store.updateRecord(site, message.seq, { state: "cosigned", gatewaySignature: message.signature, ownSignature });
      stored.ownSignature = ownSignature;
      options.onCosigned?.(site);
    }
    if (stored.ownSignature)
      await tell(site, { kind: "countersigned", seq: message.seq, digest: stored.digest, signature: stored.ownSignature });
  };
  /** What a home needs that lost records: those from a number on, and our word of which is the newest. */
  const giveHead = async (site: string, { a, b }: RecordWire, from: number | undefined): Promise<void> => {
    const agreement = options.agreements.get(site);
    if (!agreement) return;
    const newestOfEach = await store.newestCosigned(site);
    // Gateways of before did not say from where on.
    const found = from === undefined ? newestOfEach : await store.records({ site, seq: from - 1 }, mostHeads, site);
    const records = found.flatMap(asCosigned);
    const last = newestOfEach.at(-1);
    const said = { seq: last?.record.seq ?? 0, digest: last?.digest ?? zeroHash, time: Math.floor(clock.now() / 1000) };
    const newest = await signNewest(options.signer, domainOf(agreement), { a, b }, said);
    await tell(site, { kind: "head", records, newest });
  };
  const disputed = async (site: string, message: Extract<SettlementUp, { kind: "disputed" }>): Promise<void> => {
    const { seq, code, message: reason, own } = message;
    const stored = await store.recordAt(site, seq);
    if (stored?.state !== "proposed" || stored.digest !== message.digest) return;
    if (code === journalBehind) await giveHead(site, stored.record, own.from);
    if (code === escrowShort) options.onEscrowShort?.(site);
    const isLasting = code === tradesDiffer && clock.now() - Date.parse(stored.record.time) > tradesDifferMs;
    if (curable.has(code) && !isLasting)
      return log.info({ site, seq, code, reason }, "home cannot sign yet, proposed again later");
    const { record } = stored;
    await store.addDispute({ site, seq, source: "home", code, message: reason, own, record, atMs: clock.now() });
    await store.updateRecord(site, seq, { state: "disputed" });
    log.error({ site, seq, code, reason, own }, "home disputes a record, its settlement is held");
  };
  return {
    advance: (site) => inTurn(site, () => advanceNow(site)),
    answer: (site, message) =>
      inTurn(site, async () => {
        const agreement = options.agreements.get(site);
        if (!agreement) return;
        if (message.kind === "signed") await signed(site, agreement, message);
        else await disputed(site, message);
        await advanceNow(site);
      }),
  };
}

/** One record has one price series: a period that goes on after the end of the series is settled up to there first. */
function pricedPart(period: NextPeriod, series: PriceSeries | undefined): NextPeriod {
  if (!series) return period;
  const endMs = Date.parse(series.start) + series.importPerKwh.length * series.stepS * 1000;
  return { ...period, endMs: Math.min(period.endMs, endMs) };
}
