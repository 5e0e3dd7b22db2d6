import { AppError } from "../../core/app-error.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import { priceAt, type PriceSeries } from "../../core/message/price-series.ts";
import type { Log } from "../../core/log.ts";
import type {
  CosignedRecord,
  Evidence,
  NewestStatement,
  RecordWire,
  SettlementDown,
  SettlementUp,
} from "../../core/message/settlement-message.ts";
import { householdOf, type Agreement } from "../../settlement/record/agreement.ts";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import type { ChainReader, Finality, PairState, PartyState } from "../../settlement/chain/chain-reader.ts";
import {
  checkRecord,
  type CoveredPeriod,
  type MeteredDevice,
  type MeterSlot,
  type OwnFigures,
  type OwnSlot,
  type OwnTrading,
} from "../../settlement/record/check-record.ts";
import { openKeystore } from "../../settlement/keys/keystore.ts";
import { readAgreement } from "../../settlement/record/read-agreement.ts";
import { readPassphrase } from "../../settlement/keys/read-passphrase.ts";
import { recordDigest, signerOf, signRecord } from "../../settlement/record/record.ts";
import { evidenceHash } from "../../settlement/record/reference-hash.ts";
import { domainOf } from "../../settlement/record/sign-agreement.ts";
import type { TypedDataSigner } from "../../settlement/record/signature.ts";
import type { DailyCap, SettlementConfig } from "../config/agent-config.ts";
import type { Position } from "../exchange/wishes.ts";
import type { ControlStore } from "../store/control-store.ts";
import type { MeterStore } from "../store/meter-store.ts";
import type { RecordStore, SignedRecord, Uncountersigned } from "../store/record-store.ts";
import type { HoldStore } from "../store/settlement-hold.ts";
import type { InclusionStore } from "../store/inclusion-store.ts";
import type { PublicationStore } from "../store/publication-store.ts";
import type { StatementStore } from "../store/statement-store.ts";
import { openChainChores, type ChainChores } from "./chain-chores.ts";
import { overDailyCap } from "./daily-cap.ts";
import { followAggregator, missingFrom } from "./follow-aggregator.ts";
import { keepInclusions } from "./keep-inclusions.ts";
import { mostUncountersigned } from "./missed-countersignatures.ts";
import { watchtower, type Watchtower } from "./watchtower.ts";
import { overdueSince } from "./overdue-since.ts";
import { hidden, recoverJournal } from "./recover-journal.ts";

/** What the signing room reads and writes. */
export interface SigningStores {
  records: RecordStore;
  meters: Pick<MeterStore, "slots">;
  prices: Pick<ControlStore, "prices">;
  hold: HoldStore;
  inclusions: InclusionStore;
  statements: StatementStore;
}

/** Checks and signs what the aggregator proposes. Loaded when the first proposal arrives: ethers is heavy. */
export interface SigningRoom {
  /** The answer to a proposal. @throws AppError chain-unreachable, temporary: nothing is signed unchecked */
  answer(record: RecordWire, evidence: Evidence): Promise<SettlementUp>;
  /** Keeps the aggregator's signature. @throws AppError settlement-foreign-countersignature */
  countersigned(seq: number, digest: string, signature: string): Promise<void>;
  /**
   * Takes back what a lost journal held, from the aggregator.
   * @returns the number from which on more is needed; null where the journal is whole
   * @throws AppError settlement-head-unproven, settlement-record-hidden
   */
  recover(records: readonly CosignedRecord[], newest: NewestStatement | undefined): Promise<number | null>;
  /** Keeps what proves that an epoch holds the home's records. @throws AppError settlement-inclusion-unproven, settlement-root-differs */
  included(message: Included): Promise<void>;
  /** The records that still lack the aggregator's signature, to be asked for again. */
  uncountersigned(): Uncountersigned[];
  /** The oldest record that both have signed and of which, after most of the time that is allowed, no proof has come. */
  unproven(): Pick<SignedRecord, "record" | "digest"> | undefined;
  /** The first record of which the aggregator had signed that there is none; undefined where it hid none. */
  hidden(): { seq: number; digest: string } | undefined;
  /** Start, in ms, of the oldest energy that is older than allowed and in no record that both have signed; else undefined. */
  overdueSince(settledWithinMs: number): number | undefined;
  /** What the home does on the chain by itself. */
  chores: ChainChores;
  close(): void;
}

/** A proof that has not come after this share of the time that is allowed is asked for: it may be lost, and publishing costs. */
const askedAfter = 3 / 4;

/** What tells that an epoch holds records. */
export type Included = Extract<SettlementDown, { kind: "included" }>;

/** @throws AppError of keystore and agreement files */
export async function openSigningRoom(options: {
  config: SettlementConfig;
  site: string;
  gridMeter: string;
  devices: readonly MeteredDevice[];
  stores: SigningStores & { publications: PublicationStore };
  positions?: (fromMs: number) => ReadonlyMap<number, Position>;
  clock: Clock;
  log: Log;
}): Promise<SigningRoom> {
  const { config } = options;
  const { agreement } = readAgreement(config.agreementFile, options.site, config);
  const signer = await openKeystore(config.keyFile, readPassphrase(config.passphraseFile));
  const chain = chainClient({ rpcUrl: config.rpcUrl, chainId: config.chainId, contract: config.contract });
  const { finality, includedWithinMs } = config;
  const rules = { finality, includedWithinMs };
  const cap = config.dailyCap && { dailyCap: config.dailyCap };
  const tower = config.watchtowerUrl === undefined ? null : watchtower(config.watchtowerUrl, { ...options, agreement, signer });
  const chores = await openChainChores({ ...options, agreement, signer, chain });
  return {
    ...signingRoom({ ...options, ...cap, ...rules, tower, agreement, signer, chain }),
    chores,
    close() {
      chores.close();
      chain.close();
    },
  };
}

/** The same with its parts given. */
export function signingRoom(parts: {
  agreement: Agreement;
  signer: TypedDataSigner;
  chain: Pick<ChainReader, "pairOf" | "partyOf" | "keyOf" | "readCommit">;
  /** Which block's escrow counts, beside that of the newest one. */
  finality: Finality;
  gridMeter: string;
  /** Devices with a meter of their own, whose baselines are recomputed; without it none is. */
  devices?: readonly MeteredDevice[];
  tower?: Watchtower | null;
  /** Only with an exchange, and then nothing but trades and what became of them: the balancing prices of an instant. */
  balancing?: (atMs: number) => PriceSeries | null;
  /** With a supplier: what the house traded at an exchange, and has signed for there, in slots that begin then or later, by start. */
  positions?: (fromMs: number) => ReadonlyMap<number, Position>;
  /** Without one nothing is held back. */
  dailyCap?: DailyCap;
  /** What both have signed must be in a final epoch within this; without it no proof is asked for. */
  includedWithinMs?: number;
  stores: SigningStores;
  clock: Clock;
}): Omit<SigningRoom, "close" | "chores"> {
  const { agreement, chain, clock } = parts;
  const { records, meters, prices, hold, statements } = parts.stores;
  const domain = domainOf(agreement);
  const pair = `${agreement.a}-${agreement.b}`;

  const sign = async (known: Pick<SignedRecord, "record" | "digest" | "ownSignature">): Promise<SettlementUp> => {
    const signature = known.ownSignature ?? (await signRecord(parts.signer, domain, known.record));
    if (known.ownSignature === null) records.signed(pair, known.record.seq, signature);
    return { v: 1, kind: "signed", seq: known.record.seq, digest: known.digest, signature };
  };
  /** A recovered journal has only the newest records: one that both signed after the chain's stands for the chain's. */
  const isBehind = (onChain: PairState): boolean =>
    records.at(pair, onChain.seq) ? isOther(onChain) : onChain.seq > (records.newestCosigned(pair)?.record.seq ?? 0);
  /** Both have signed two records with one number. */
  const isOther = ({ seq, head }: PairState): boolean => (records.at(pair, seq)?.digest ?? head) !== head;
  /** The contract settles nothing of a party that was not registered for the whole period, or whose key was revoked. */
  const invalidParty = async (record: RecordWire): Promise<string | undefined> => {
    const owners = [householdOf(agreement), agreement.aggregator];
    const found = await Promise.all(owners.map((owner) => chain.partyOf(owner)));
    return owners.flatMap((owner, index) => partyProblem(owner, record, found[index]) ?? [])[0];
  };
  const tradingOf = async (touching: readonly SignedRecord[], lostUntilMs: number): Promise<OwnTrading> => {
    const household = householdOf(agreement);
    const { signer } = await chain.partyOf(household);
    // What came back after a loss counts as far as it is what the record has the hash of.
    const dark = touching.filter(({ record, evidence }) => evidenceHash(evidence) !== record.ref);
    const known = touching.filter((one) => !dark.includes(one));
    return {
      orderKeys: [agreement.a === household ? agreement.signerA : agreement.signerB, ...(signer === null ? [] : [signer])],
      trades: known.flatMap((one) => one.evidence.trade ?? []),
      corrected: known.flatMap((one) => one.evidence.deviation?.side ?? []),
      lostUntilMs: Math.max(lostUntilMs, ...dark.map(({ record }) => Date.parse(record.end))),
    };
  };
  return {
    async answer(record, evidence) {
      const digest = recordDigest(domain, record);
      const known = records.at(pair, record.seq);
      if (known?.digest === digest) return sign(known);
      const dispute = (code: string, message: string, own: OwnFigures): SettlementUp => ({
        v: 1,
        kind: "disputed",
        seq: record.seq,
        digest,
        code,
        message,
        own,
      });
      if (known)
        return dispute("settlement-second-body", `record ${record.seq} was signed with another content`, { prev: known.digest });
      const onChain = await chain.pairOf(agreement.a, agreement.b);
      // A restored or lost database: signing now could make a second body for a number that was signed before.
      const held = hold.held();
      if (!held && isOther(onChain) && statements.accuse(pair, { seq: onChain.seq, digest: onChain.head }, null))
        return dispute("settlement-record-hidden", hidden(onChain.seq).message, { prev: onChain.head });
      if (held || isBehind(onChain))
        return dispute(
          "settlement-journal-behind",
          held
            ? `nothing is signed since ${iso(held.sinceMs)}: ${held.reason}; the newest co-signed records are needed`
            : `record ${onChain.seq} of the chain is not in the journal here; the newest co-signed records are needed`,
          { ...(onChain.seq > 0 && { prev: onChain.head }), from: missingFrom(pair, parts.stores) },
        );
      // A journal that came back from an old copy shows a gap to what the aggregator goes on from.
      const previous = records.newest(pair)?.record ?? null;
      if (previous && record.seq > previous.seq + 1)
        return dispute(
          "settlement-journal-behind",
          `record ${record.seq} proposed, the newest one here is ${previous.seq}; the newest co-signed records are needed`,
          { prev: recordDigest(domain, previous), from: missingFrom(pair, parts.stores) },
        );
      const [startMs, endMs] = [Date.parse(record.start), Date.parse(record.end)];
      const { balancing } = parts;
      if (balancing && record.kind !== "trade" && record.kind !== "correction")
        return dispute("settlement-no-rule", `records of kind ${record.kind} are not signed with an exchange`, {});
      const touching = records.touching(pair, startMs, endMs);
      const lost = records.lostBefore(pair);
      const checked = checkRecord(
        { record, evidence },
        {
          previous,
          agreement,
          series: balancing
            ? record.kind === "trade"
              ? null
              : balancing(startMs)
            : record.kind === "reward"
              ? null
              : binding(prices.prices(startMs, endMs), startMs),
          ownSlots: ownSlots(meters, parts.gridMeter, startMs, endMs),
          meterSlots: meterSlots(meters, evidence, endMs),
          ...(parts.devices && { devices: parts.devices }),
          covered: [
            ...touching.map(coveredBy),
            // What a lost record covered is not known, but nothing that ended later.
            ...lost.map(({ register, endMs: untilMs }) => ({ register, startMs: 0, endMs: untilMs })),
          ],
          ...(parts.positions && { tradedWh: tradedIn(parts.positions(startMs)) }),
          ...(balancing && {
            trading: await tradingOf(touching, Math.max(-Infinity, ...lost.map(({ endMs: untilMs }) => untilMs))),
          }),
          pairs: parts.finality === "latest" ? [onChain] : [onChain, await chain.pairOf(agreement.a, agreement.b, "finalized")],
          nowMs: clock.now(),
        },
      );
      if (!checked.ok) return dispute(checked.code, checked.message, checked.own);
      const invalid = await invalidParty(record);
      if (invalid !== undefined) return dispute("settlement-party-not-valid", invalid, {});
      const waiting = records.uncountersigned(pair);
      if (waiting.length >= mostUncountersigned)
        return dispute(
          "settlement-countersignature-missing",
          `records ${waiting.map(({ seq }) => seq).join(" and ")} were signed here and are not countersigned; the next is signed after them`,
          {},
        );
      const over = overDailyCap(record, { cap: parts.dailyCap, household: householdOf(agreement), records, clock });
      if (over !== undefined) return dispute("settlement-daily-cap", over, {});
      // The journal first: after a crash the same record is signed again, never another one for this seq.
      records.add(pair, { record, digest, evidence }, clock.now());
      return sign({ record, digest, ownSignature: null });
    },
    async countersigned(seq, digest, signature) {
      const known = records.at(pair, seq);
      if (!known || known.digest !== digest)
        throw new AppError("settlement-unknown-record", `countersigned record ${seq} was never signed here`);
      if (known.otherSignature !== null) return;
      const other = await chain.partyOf(agreement.aggregator);
      const by = signerOf(domain, known.record, signature);
      if (by !== other.signer && by !== agreement.aggregator)
        throw new AppError(
          "settlement-foreign-countersignature",
          `record ${seq} is countersigned by ${by}, the aggregator's key is ${other.signer}`,
        );
      records.countersigned(pair, seq, signature, clock.now());
    },
    async recover(given, newest) {
      const recovery = { agreement, chain, records, statements, hold, nowMs: clock.now() };
      // Before the aggregator's word lifts the hold: it may hide newer records, which the watchtower has.
      const safe = hold.held() && parts.tower ? await parts.tower.ask() : [];
      if (safe.length > 0) await recoverJournal(safe, { ...recovery, lift: true });
      return followAggregator(given, newest, recovery);
    },
    hidden: () => statements.hidden(pair),
    included: (message) =>
      keepInclusions(message, { agreement, chain, records, inclusions: parts.stores.inclusions, prices, nowMs: clock.now() }),
    uncountersigned: () => records.uncountersigned(pair),
    unproven() {
      const beforeMs = clock.now() - (parts.includedWithinMs ?? Infinity) * askedAfter;
      const omitted = Number.isFinite(beforeMs) ? parts.stores.inclusions.omitted(pair, beforeMs).toReversed() : [];
      return omitted
        .flatMap((seq) => records.at(pair, seq) ?? [])
        .find(({ digest }) => parts.stores.inclusions.of(digest) === undefined);
    },
    overdueSince: (settledWithinMs) =>
      overdueSince({ agreement, records, meters, gridMeter: parts.gridMeter, settledWithinMs, nowMs: clock.now() }),
  };
}

function tradedIn(positions: ReadonlyMap<number, Position>): Record<"import" | "export", Map<number, number>> {
  const all = [...positions];
  return {
    import: new Map(all.map(([startMs, { boughtWh }]) => [startMs, boughtWh])),
    export: new Map(all.map(([startMs, { soldWh }]) => [startMs, soldWh])),
  };
}

function partyProblem(owner: string, { start, end }: RecordWire, party: PartyState | undefined): string | undefined {
  if (!party || party.until === 0) return `${owner} is not registered`;
  if (party.signer === null) return `the signer of ${owner} was revoked`;
  if (Date.parse(start) < party.since * 1000 || Date.parse(end) > party.until * 1000)
    return `${owner} is not registered for the whole service period`;
  return undefined;
}

/** The first announced series that covers an instant binds; a later one for the same time does not. */
function binding(series: readonly PriceSeries[], atMs: number): PriceSeries | null {
  return series.find((one) => priceAt(one, "import", atMs) !== undefined) ?? null;
}

/** The longest slot, so that one that began before the period is seen too. */
const longestSlotMs = 3_600_000;
/** No service period is longer than a day of 25 hours; the times of a proposal are its proposer's word. */
const longestPeriodMs = 25 * 3_600_000;
/** No event of a reward begins longer before the end of its service day. */
const longestEventMs = longestPeriodMs + 24 * 3_600_000;

function ownSlots(meters: SigningStores["meters"], meter: string, fromMs: number, toMs: number): OwnSlot[] {
  const sinceMs = Math.max(fromMs, toMs - longestPeriodMs) - longestSlotMs;
  return (["import", "export"] as const).flatMap((register) => meters.slots(meter, register, sinceMs, toMs));
}

/** What the own ledger has of the times and meters that evidence of flexibility names, as far as a service day's events can go. */
function meterSlots(meters: SigningStores["meters"], { flexibility }: Evidence, untilMs: number): MeterSlot[] {
  return (flexibility?.events ?? []).flatMap(({ meter, slots }) => {
    const [first, last] = [slots[0], slots.at(-1)];
    if (!first || !last) return [];
    const [fromMs, toMs] = [Math.max(Date.parse(first.start), untilMs - longestEventMs), Math.min(Date.parse(last.end), untilMs)];
    const own = meters.slots(meter, "import", fromMs, toMs);
    return own.map(({ startMs, endMs, wh }) => ({ meter, startMs, endMs, wh }));
  });
}

const coveredBy = ({ record, evidence }: SignedRecord): CoveredPeriod => ({
  register: evidence.register,
  startMs: Date.parse(record.start),
  endMs: Date.parse(record.end),
});
