import { id, Wallet } from "ethers";
import type { PriceSeries } from "../../core/message/price-series.ts";
import type { Evidence, FlexibilityEvidence, RecordWire } from "../../core/message/settlement-message.ts";
import type { Agreement, SignedAgreement } from "../../settlement/record/agreement.ts";
import type { Bundle } from "../../settlement/verify/bundle.ts";
import { composeRecord } from "../../settlement/record/compose-record.ts";
import type { SettlementDomain } from "../../settlement/record/domain.ts";
import { buildEpoch } from "../../settlement/log/epoch.ts";
import { signNewest } from "../../settlement/record/newest-statement.ts";
import { GridAgreement } from "../../settlement/record/grid-agreement.ts";
import { recordDigest, signRecord, zeroHash } from "../../settlement/record/record.ts";
import { pricesHash } from "../../settlement/record/reference-hash.ts";
import { signAgreement } from "../../settlement/record/sign-agreement.ts";

/** 2026-03-02, a Monday without a change of clocks; midnight in Amsterdam. */
export const midnight = "2026-03-01T23:00:00.000Z";
export const midnightS = Date.parse(midnight) / 1000;

/** A key that is the same in every run. */
export const keyOf = (name: string): Wallet => new Wallet(id(`smart-mla test key: ${name}`));
export const addressOf = (wallet: Wallet): string => wallet.address.toLowerCase();

/** Owner (cold) and signer (hot) keys of a party. */
const partyNamed = (name: string) => {
  const cold = keyOf(`${name} owner`);
  return { owner: addressOf(cold), cold, signer: keyOf(`${name} signer`) };
};
export const household = partyNamed("household");
export const aggregator = partyNamed("aggregator");
export const householdIsA = household.owner < aggregator.owner;
export const [partyA, partyB] = householdIsA ? [household, aggregator] : [aggregator, household];

/** An instant so many seconds after midnight. */
export const after = (seconds: number): string => new Date((midnightS + seconds) * 1000).toISOString();

export function exampleAgreement(domain: SettlementDomain, change: Partial<Agreement> = {}): Agreement {
  return {
    v: 1,
    a: partyA.owner,
    b: partyB.owner,
    signerA: addressOf(partyA.signer),
    signerB: addressOf(partyB.signer),
    aggregator: aggregator.owner,
    site: "gw-4711",
    from: midnight,
    until: "2027-03-01T23:00:00.000Z",
    timezone: "Europe/Amsterdam",
    currency: "EUR",
    periodS: 3600,
    reward: { kind: "per_day", amount: "350000" },
    settlementContract: domain.contract,
    chainId: domain.chainId,
    ...change,
  };
}

/** Between the aggregator and a grid operator (the household's key), about one street's limit and its orders. */
export function exampleGridAgreement(domain: SettlementDomain): GridAgreement {
  const { a, b, signerA, signerB, settlementContract, chainId } = exampleAgreement(domain);
  return GridAgreement.parse({
    v: 1,
    kind: "grid",
    a,
    b,
    signerA,
    signerB,
    aggregator: aggregator.owner,
    from: "2026-11-30T23:00:00Z",
    until: "2027-11-30T23:00:00Z",
    timezone: "Europe/Amsterdam",
    currency: "EUR",
    feeders: [{ feeder: "street", importLimitW: 1, day: [], charges: [], availabilityPerDay: "0" }],
    orders: { reservePerKwh: "1000000", penaltyPerKwh: "300000" },
    settlementContract,
    chainId,
  });
}

/** Quarter-hour prices of one day; import 0.21 EUR and up, export 0.07 EUR and up. */
export function exampleSeries(change: Partial<PriceSeries> = {}): PriceSeries {
  return {
    v: 1,
    currency: "EUR",
    start: midnight,
    stepS: 900,
    importPerKwh: Array.from({ length: 96 }, (_, step) => String(210_000 + 1_370 * step)),
    exportPerKwh: Array.from({ length: 96 }, (_, step) => String(70_000 + 410 * step)),
    ...change,
  };
}

/** Quarter-hour slots of one register from an offset after midnight. */
export function exampleEvidence(register: "import" | "export", whs: number[], startS = 0): Evidence {
  const slots = whs.map((wh, slot) => ({ start: after(startS + slot * 900), end: after(startS + slot * 900 + 900), wh }));
  return { register, slots };
}

/** An event of a metered car: quarter-hour slots of [baseline Wh, metered Wh, micro-units per kWh] from an offset after midnight. */
export function exampleEvent(
  slots: readonly (readonly [number, number, string])[],
  startS: number,
  change: Partial<FlexibilityEvidence["events"][number]> = {},
): FlexibilityEvidence["events"][number] {
  return {
    plan: "00000000-0000-4000-8000-000000000001",
    resource: "car",
    meter: "car",
    baseline: "charge_now",
    slots: slots.map(([baselineWh, meteredWh, perKwh], at) => ({
      start: after(startS + at * 900),
      end: after(startS + at * 900 + 900),
      baselineWh,
      meteredWh,
      perKwh,
    })),
    ...change,
  };
}

export const noEvidence: Evidence = { register: "none", slots: [] };

/** The next record of the pair, by default one hour of import right after midnight. */
export function exampleRecord(
  domain: SettlementDomain,
  basis: Partial<Parameters<typeof composeRecord>[0]> & { startS?: number; lengthS?: number } = {},
): RecordWire {
  const { startS = 0, lengthS = 3600, ...given } = basis;
  return composeRecord({
    agreement: exampleAgreement(domain),
    previous: null,
    kind: "import",
    start: after(startS),
    end: after(startS + lengthS),
    evidence: exampleEvidence("import", [151, 0, 87, 1203], startS),
    series: exampleSeries(),
    salt: id(`salt of ${startS}`),
    time: after(startS + lengthS + 30),
    ...given,
  });
}

/** What a party, by default the aggregator, signs of its newest record; null for none. */
export function newestSaid(domain: SettlementDomain, record: RecordWire | null, atMs: number, by = aggregator.signer) {
  const said = { seq: record?.seq ?? 0, digest: record ? recordDigest(domain, record) : zeroHash };
  const pair = { a: partyA.owner, b: partyB.owner };
  return signNewest(by, domain, pair, { ...said, time: Math.floor(atMs / 1000) });
}

/** Signatures of both parties under a record. */
export async function bothSign(domain: SettlementDomain, record: RecordWire): Promise<[string, string]> {
  return [await signRecord(partyA.signer, domain, record), await signRecord(partyB.signer, domain, record)];
}

export async function signBoth(agreement: Agreement): Promise<SignedAgreement> {
  return {
    agreement,
    signatureA: await signAgreement(partyA.signer, agreement),
    signatureB: await signAgreement(partyB.signer, agreement),
  };
}

/** Prices of two hours only, to keep bundles small. */
const shortSeries = (): PriceSeries => {
  const { importPerKwh, exportPerKwh } = exampleSeries();
  return exampleSeries({ importPerKwh: importPerKwh.slice(0, 8), exportPerKwh: exportPerKwh.slice(0, 8) });
};

/** The epoch that binds the aggregator to the prices of a good bundle before its service period. */
export const exampleTariffEpoch = () => buildEpoch([pricesHash(shortSeries()), id("other prices")]);

/** A good bundle of the second record of the pair, published by the aggregator among five records, after its prices. */
export async function exampleBundle(domain: SettlementDomain, rpc: string | null = null): Promise<Bundle> {
  const series = shortSeries();
  const previous = exampleRecord(domain, { series });
  const evidence = exampleEvidence("export", [402, 1999, 731, 5], 0);
  const record = exampleRecord(domain, { previous, kind: "export", evidence, series });
  const digest = recordDigest(domain, record);
  const [signatureA, signatureB] = await bothSign(domain, record);
  const epoch = buildEpoch([recordDigest(domain, previous), digest, id("other 1"), id("other 2"), id("other 3")]);
  const tariff = exampleTariffEpoch();
  const inEpoch = (number: number, { root, count, proofOf }: typeof epoch, leaf: string) => ({
    by: aggregator.owner,
    epoch: number,
    root,
    count,
    proof: proofOf(leaf),
  });
  return {
    v: 1,
    chainId: domain.chainId,
    contract: domain.contract,
    rpc,
    digest,
    record,
    evidence,
    agreement: await signBoth(exampleAgreement(domain)),
    prices: series,
    signatureA,
    signatureB,
    previous,
    inclusion: inEpoch(2, epoch, digest),
    pricesInclusion: inEpoch(1, tariff, pricesHash(series)),
  };
}
