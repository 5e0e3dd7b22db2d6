import { errorMessage } from "../../core/app-error.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { CosignedRecord, SettlementDown, SettlementUp } from "../../core/message/settlement-message.ts";
import type { PriceBook } from "../../planner/price-book.ts";
import type { ChainReader } from "../../settlement/chain/chain-reader.ts";
import type { LoggedRecord } from "../../settlement/log/log-run.ts";
import { type Agreement, householdOf } from "../../settlement/record/agreement.ts";
import { recordDigest, signerOf } from "../../settlement/record/record.ts";
import { evidenceHash, pricesHash } from "../../settlement/record/reference-hash.ts";
import { domainOf } from "../../settlement/record/sign-agreement.ts";
import type { AggregatorStore, SettledKind } from "../store/aggregator-store.ts";
import { lostAt, recordsLost, shownAt } from "./doubts.ts";
import { missingSlots } from "./missing-slots.ts";

type Shown = Extract<SettlementUp, { kind: "shown" }>;

/** Parts that it works with. */
export interface RecoveryOptions {
  store: AggregatorStore;
  agreements: ReadonlyMap<string, Agreement>;
  chain: Pick<ChainReader, "partyOf" | "pairOf">;
  prices: PriceBook;
  tell: (site: string, message: SettlementDown) => Promise<void>;
  clock: Clock;
  log: Log;
}

/** Gets back from homes what a database lost that was put back from a backup. */
export interface RecordRecovery {
  /**
   * Whether nothing may be proposed to a home yet: it may have records that are not here. It is asked for them.
   * @throws AppError chain-unreachable, temporary: without the chain nobody knows
   */
  isBehind(site: string, agreement: Agreement): Promise<boolean>;
  /** A home says that it has signed another record under a number: it is asked for it. */
  doubt(site: string): Promise<void>;
  /** Takes what a home shows. */
  shown(site: string, agreement: Agreement, message: Shown): Promise<void>;
  /** The same of records that were published in full. */
  published(records: readonly LoggedRecord[]): Promise<void>;
  /** Asks a home once more for slots that the next period lacks, where later ones are there. */
  askSlots(site: string, agreement: Agreement): Promise<void>;
}

/** A question without an answer is put again. */
const askAgainMs = 120_000;
/** Slots that a home does not have either are asked for so often. */
const slotsAgainMs = 3_600_000;

export function recordRecovery(options: RecoveryOptions): RecordRecovery {
  const { store, chain, clock, log } = options;
  /** Homes whose pair was compared with the chain in this run. */
  const compared = new Set<string>();
  const askedMs = new Map<string, number>();
  const slotsAsked = new Map<string, { fromMs: number; atMs: number }>();
  const newestHere = async (site: string): Promise<number> => (await store.newestCosigned(site)).at(-1)?.record.seq ?? 0;
  /** Up to where all is here; what was published comes without its evidence, which the home has. */
  const wholeHere = async (site: string): Promise<number> => {
    let seq = await newestHere(site);
    for (let last = await store.recordAt(site, seq); last && !isWhole(last); last = await store.recordAt(site, seq)) seq--;
    return seq;
  };
  const ask = async (site: string): Promise<void> => {
    if (clock.monotonicMs() - (askedMs.get(site) ?? -Infinity) < askAgainMs) return;
    askedMs.set(site, clock.monotonicMs());
    await options.tell(site, { kind: "show", after: await wholeHere(site) });
  };
  const doubt = async (site: string): Promise<void> => {
    await store.setDue(lostAt(site), clock.now());
    askedMs.delete(site);
    await ask(site);
  };
  const isDoubted = async (site: string): Promise<boolean> => {
    const lostMs = Math.max((await store.due(recordsLost)) ?? -Infinity, (await store.due(lostAt(site))) ?? -Infinity);
    return lostMs > ((await store.due(shownAt(site))) ?? -Infinity);
  };
  const signersOf = async (owner: string, agreement: Agreement): Promise<(string | null)[]> => [
    owner,
    owner === agreement.a ? agreement.signerA : agreement.signerB,
    (await chain.partyOf(owner)).signer,
  ];
  /** Why a record is not taken; undefined where both have signed it and it fits to what is here. */
  const problemOf = async (site: string, agreement: Agreement, one: CosignedRecord): Promise<string | undefined> => {
    const { record, gatewaySignature, aggregatorSignature } = one;
    const domain = domainOf(agreement);
    if (record.a !== agreement.a || record.b !== agreement.b) return "it is between other parties";
    const household = householdOf(agreement);
    if (!(await signersOf(household, agreement)).includes(signerOf(domain, record, gatewaySignature)))
      return "the home has not signed it";
    if (!(await signersOf(agreement.aggregator, agreement)).includes(signerOf(domain, record, aggregatorSignature)))
      return "this aggregator has not signed it";
    const before = await store.recordAt(site, record.seq - 1);
    if (before?.state === "cosigned" && before.digest !== record.prev) return `record ${record.seq - 1} is another one here`;
    return undefined;
  };
  const take = async (site: string, agreement: Agreement, one: CosignedRecord): Promise<boolean> => {
    const { record, gatewaySignature, aggregatorSignature } = one;
    const { seq, kind } = record;
    const digest = recordDigest(domainOf(agreement), record);
    const here = await store.recordAt(site, seq);
    if (here?.digest === digest && here.state === "cosigned") {
      if (!isWhole(here) && isWhole(one)) await store.updateRecord(site, seq, { evidence: one.evidence });
      return true;
    }
    const problem =
      here?.state === "cosigned" ? "another one is here that both have signed" : await problemOf(site, agreement, one);
    if (problem !== undefined || !isSettled(kind)) {
      log.error(
        { site, seq, digest, problem: problem ?? `records of kind ${kind} are not proposed here` },
        "record not taken back",
      );
      return false;
    }
    const series = await store.seriesBetween(Date.parse(record.start), Date.parse(record.end));
    const prices = [options.prices.at(Date.parse(record.start)), ...series].find(
      (known) => known && pricesHash(known) === record.prices,
    );
    await store.takeRecord(
      {
        site,
        record,
        digest,
        // What a record covers is what it says under both signatures; evidence of another hash says nothing.
        evidence: isWhole(one) ? one.evidence : { register: registerOf(kind), slots: [] },
        prices: prices ?? null,
        state: "cosigned",
        gatewaySignature,
        ownSignature: aggregatorSignature,
        epoch: null,
      },
      isSettled(kind) ? { kind, nextMs: Date.parse(record.end) } : null,
    );
    log.warn({ site, seq }, "a record that this database had lost is back");
    return true;
  };
  return {
    async isBehind(site, agreement) {
      if (!compared.has(site)) {
        const settled = (await chain.pairOf(agreement.a, agreement.b)).seq;
        if (settled > (await newestHere(site))) await store.setDue(lostAt(site), clock.now());
        compared.add(site);
      }
      if (!(await isDoubted(site))) return false;
      await ask(site);
      return true;
    },
    doubt,
    async shown(site, agreement, { after, newest, records }) {
      if (!(await isDoubted(site))) return;
      for (const one of records.toSorted((first, second) => first.record.seq - second.record.seq))
        if (!(await take(site, agreement, one))) return;
      const here = await wholeHere(site);
      askedMs.delete(site);
      // The next ones, where there are more than one answer holds.
      if (newest > here && here > after) return ask(site);
      const settled = (await chain.pairOf(agreement.a, agreement.b)).seq;
      if (settled > (await newestHere(site))) {
        askedMs.set(site, clock.monotonicMs());
        return log.error({ site, settled, here, newest }, "the chain has a newer record of this home, which does not show it");
      }
      await store.setDue(shownAt(site), clock.now());
      log.info({ site, seq: here }, "the home has no newer record than this database");
    },
    async published(records) {
      const siteOf = new Map([...options.agreements].map(([site, { a, b }]) => [`${a} ${b}`, site]));
      for (const { record, signatureA, signatureB } of records.toSorted((one, other) => one.record.seq - other.record.seq)) {
        const site = siteOf.get(`${record.a} ${record.b}`);
        const agreement = site === undefined ? undefined : options.agreements.get(site);
        if (site === undefined || !agreement) continue;
        const [gatewaySignature, aggregatorSignature] =
          householdOf(agreement) === record.a ? [signatureA, signatureB] : [signatureB, signatureA];
        const evidence = { register: registerOf(record.kind), slots: [] };
        await take(site, agreement, { record, evidence, gatewaySignature, aggregatorSignature }).catch((error: unknown) =>
          log.warn({ site, seq: record.seq, error: errorMessage(error) }, "published record not taken back"),
        );
      }
    },
    async askSlots(site, agreement) {
      const fromMs = (await store.cursors(site)).get("import") ?? Date.parse(agreement.from);
      const span = await missingSlots(store, site, fromMs, clock.now());
      if (!span) return;
      const last = slotsAsked.get(site);
      if (last?.fromMs === span.fromMs && clock.monotonicMs() - last.atMs < slotsAgainMs) return;
      slotsAsked.set(site, { fromMs: span.fromMs, atMs: clock.monotonicMs() });
      const slots = { from: iso(span.fromMs), to: iso(span.toMs) };
      log.warn({ site, ...slots }, "slots are missing before those that came, the home is asked for them");
      await options.tell(site, { kind: "show", after: await newestHere(site), slots });
    },
  };
}

const isWhole = ({ record, evidence }: Pick<CosignedRecord, "record" | "evidence">): boolean =>
  evidenceHash(evidence) === record.ref;
const isSettled = (kind: string): kind is SettledKind => kind === "import" || kind === "export" || kind === "reward";
const registerOf = (kind: string): "import" | "export" | "none" => (kind === "import" || kind === "export" ? kind : "none");
