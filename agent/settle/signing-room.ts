import { AppError } from "../../core/app-error.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import { priceAt, type PriceSeries } from "../../core/message/price-series.ts";
import type { CosignedRecord, Evidence, RecordWire, SettlementUp } from "../../core/message/settlement-message.ts";
import { householdOf, type Agreement } from "../../settlement/agreement.ts";
import { chainClient } from "../../settlement/chain-client.ts";
import type { ChainReader } from "../../settlement/chain-reader.ts";
import { checkRecord, type CoveredPeriod, type OwnFigures, type OwnSlot } from "../../settlement/check-record.ts";
import { openKeystore } from "../../settlement/keystore.ts";
import { readAgreement } from "../../settlement/read-agreement.ts";
import { readPassphrase } from "../../settlement/read-passphrase.ts";
import { recordDigest, signerOf, signRecord } from "../../settlement/record.ts";
import { domainOf } from "../../settlement/sign-agreement.ts";
import type { TypedDataSigner } from "../../settlement/signature.ts";
import type { DailyCap, SettlementConfig } from "../config/agent-config.ts";
import type { ControlStore } from "../store/control-store.ts";
import type { MeterStore } from "../store/meter-store.ts";
import type { RecordStore, SignedRecord } from "../store/record-store.ts";
import type { HoldStore } from "../store/settlement-hold.ts";
import { overDailyCap } from "./daily-cap.ts";
import { recoverJournal } from "./recover-journal.ts";

/** What the signing room reads and writes. */
export interface SigningStores {
  records: RecordStore;
  meters: Pick<MeterStore, "slots">;
  prices: Pick<ControlStore, "prices">;
  hold: HoldStore;
}

/** Checks and signs what the aggregator proposes. Loaded when the first proposal arrives: ethers is heavy. */
export interface SigningRoom {
  /** The answer to a proposal. @throws AppError chain-unreachable, temporary: nothing is signed unchecked */
  answer(record: RecordWire, evidence: Evidence): Promise<SettlementUp>;
  /** Keeps the aggregator's signature. @throws AppError settlement-foreign-countersignature */
  countersigned(seq: number, digest: string, signature: string): Promise<void>;
  /** Takes back what a lost journal held, from the aggregator. @throws AppError settlement-head-unproven */
  recover(records: readonly CosignedRecord[]): Promise<void>;
  /** The newest record that still lacks the aggregator's signature, to be asked for again. */
  unanswered(): SettlementUp | undefined;
  close(): void;
}

/** @throws AppError of keystore and agreement files */
export async function openSigningRoom(options: {
  config: SettlementConfig;
  site: string;
  gridMeter: string;
  stores: SigningStores;
  clock: Clock;
}): Promise<SigningRoom> {
  const { config } = options;
  const { agreement } = readAgreement(config.agreementFile, options.site, config);
  const signer = await openKeystore(config.keyFile, readPassphrase(config.passphraseFile));
  const chain = chainClient({ rpcUrl: config.rpcUrl, chainId: config.chainId, contract: config.contract });
  const cap = config.dailyCap && { dailyCap: config.dailyCap };
  return { ...signingRoom({ ...options, ...cap, agreement, signer, chain }), close: () => chain.close() };
}

/** The same with its parts given. */
export function signingRoom(parts: {
  agreement: Agreement;
  signer: TypedDataSigner;
  chain: Pick<ChainReader, "pairOf" | "partyOf">;
  gridMeter: string;
  /** Without one nothing is held back. */
  dailyCap?: DailyCap;
  stores: SigningStores;
  clock: Clock;
}): Omit<SigningRoom, "close"> {
  const { agreement, chain, clock } = parts;
  const { records, meters, prices, hold } = parts.stores;
  const domain = domainOf(agreement);
  const pair = `${agreement.a}-${agreement.b}`;

  const sign = async (known: Pick<SignedRecord, "record" | "digest" | "ownSignature">): Promise<SettlementUp> => {
    const signature = known.ownSignature ?? (await signRecord(parts.signer, domain, known.record));
    if (known.ownSignature === null) records.signed(pair, known.record.seq, signature);
    return { v: 1, kind: "signed", seq: known.record.seq, digest: known.digest, signature };
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
      if (held || (onChain.seq > 0 && records.at(pair, onChain.seq)?.digest !== onChain.head))
        return dispute(
          "settlement-journal-behind",
          held
            ? `nothing is signed since ${iso(held.sinceMs)}: ${held.reason}; the newest co-signed records are needed`
            : `record ${onChain.seq} of the chain is not in the journal here; the newest co-signed records are needed`,
          onChain.seq > 0 ? { prev: onChain.head } : {},
        );
      const [startMs, endMs] = [Date.parse(record.start), Date.parse(record.end)];
      const checked = checkRecord(
        { record, evidence },
        {
          previous: records.newest(pair)?.record ?? null,
          agreement,
          series: record.kind === "reward" ? null : binding(prices.prices(startMs, endMs), startMs),
          ownSlots: ownSlots(meters, parts.gridMeter, startMs, endMs),
          covered: [
            ...records.touching(pair, startMs, endMs).map(coveredBy),
            // What a lost record covered is not known, but nothing that ended later.
            ...records.lostBefore(pair).map(({ register, endMs: untilMs }) => ({ register, startMs: 0, endMs: untilMs })),
          ],
          pair: onChain,
          nowMs: clock.now(),
        },
      );
      if (!checked.ok) return dispute(checked.code, checked.message, checked.own);
      const over = overDailyCap(record, { cap: parts.dailyCap, household: householdOf(agreement), pair, records, clock });
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
      if (by !== other.signer)
        throw new AppError(
          "settlement-foreign-countersignature",
          `record ${seq} is countersigned by ${by}, the aggregator's key is ${other.signer}`,
        );
      records.countersigned(pair, seq, signature);
    },
    recover: (given) => recoverJournal(given, { agreement, chain, records, hold, nowMs: clock.now() }),
    unanswered() {
      const newest = records.newest(pair);
      if (!newest || newest.ownSignature === null || newest.otherSignature !== null) return undefined;
      return { v: 1, kind: "signed", seq: newest.record.seq, digest: newest.digest, signature: newest.ownSignature };
    },
  };
}

/** The first announced series that covers an instant binds; a later one for the same time does not. */
function binding(series: readonly PriceSeries[], atMs: number): PriceSeries | null {
  return series.find((one) => priceAt(one, "import", atMs) !== undefined) ?? null;
}

/** The longest slot, so that one that began before the period is seen too. */
const longestSlotMs = 3_600_000;

function ownSlots(meters: SigningStores["meters"], meter: string, fromMs: number, toMs: number): OwnSlot[] {
  return (["import", "export"] as const).flatMap((register) => meters.slots(meter, register, fromMs - longestSlotMs, toMs));
}

const coveredBy = ({ record, evidence }: SignedRecord): CoveredPeriod => ({
  register: evidence.register,
  startMs: Date.parse(record.start),
  endMs: Date.parse(record.end),
});
