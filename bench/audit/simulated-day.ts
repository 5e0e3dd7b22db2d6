import { id, Wallet } from "ethers";
import type { PriceSeries } from "../../core/message/price-series.ts";
import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import type { Agreement } from "../../settlement/record/agreement.ts";
import type { ArchiveLine } from "../../settlement/log/archive.ts";
import type { SettlementDomain } from "../../settlement/record/domain.ts";
import { dueOf } from "../../settlement/record/due.ts";
import type { LoggedRecord } from "../../settlement/log/log-run.ts";
import { recordDigest, zeroHash } from "../../settlement/record/record.ts";
import { evidenceHash, pricesHash } from "../../settlement/record/reference-hash.ts";
import { agreementHash, signAgreement } from "../../settlement/record/sign-agreement.ts";

/** 2026-03-02 in Amsterdam. */
const midnightMs = Date.parse("2026-03-01T23:00:00.000Z");
const quarterMs = 900_000;
export const dayStartS = midnightMs / 1000;

const wallet = (name: string): Wallet => new Wallet(id(`smart-mla bench key: ${name}`));
const lower = ({ address }: Wallet): string => address.toLowerCase();
const at = (ms: number): string => new Date(ms).toISOString();

/** Owner and signer of the aggregator or of a home. */
export function partyOf(name: string): { owner: string; signer: Wallet } {
  return { owner: lower(wallet(`${name} owner`)), signer: wallet(`${name} signer`) };
}
export const aggregator = partyOf("aggregator");
export const home = (index: number): ReturnType<typeof partyOf> => partyOf(`home ${index}`);

/** Quarter-hour prices of the day. */
export const series: PriceSeries = {
  v: 1,
  currency: "EUR",
  start: at(midnightMs),
  stepS: 900,
  importPerKwh: Array.from({ length: 96 }, (_, step) => String(210_000 + 1_370 * step)),
  exportPerKwh: Array.from({ length: 96 }, (_, step) => String(70_000 + 410 * step)),
};

/** The day of one home: a record of import for each quarter of an hour, signed by both. */
export async function dayOf(index: number, domain: SettlementDomain): Promise<{ records: LoggedRecord[]; lines: ArchiveLine[] }> {
  const own = home(index);
  const [one, other] = own.owner < aggregator.owner ? [own, aggregator] : [aggregator, own];
  const [a, b] = [one.owner, other.owner];
  const agreement: Agreement = {
    v: 1,
    a,
    b,
    signerA: lower(one.signer),
    signerB: lower(other.signer),
    aggregator: aggregator.owner,
    site: `home-${index}`,
    from: at(midnightMs),
    until: at(midnightMs + 365 * 86_400_000),
    timezone: "Europe/Amsterdam",
    currency: "EUR",
    periodS: 900,
    reward: { kind: "per_day", amount: "350000" },
    settlementContract: domain.contract,
    chainId: domain.chainId,
  };
  const [terms, prices] = [agreementHash(agreement), pricesHash(series)];
  const records: LoggedRecord[] = [];
  const lines: ArchiveLine[] = [
    {
      v: 1,
      kind: "agreement",
      agreement,
      signatureA: await signAgreement(one.signer, agreement),
      signatureB: await signAgreement(other.signer, agreement),
    },
  ];
  let [cumA, cumB, prev] = [0n, 0n, zeroHash];
  for (let quarter = 0; quarter < 96; quarter++) {
    const [start, end] = [at(midnightMs + quarter * quarterMs), at(midnightMs + (quarter + 1) * quarterMs)];
    const wh = (index * 37 + quarter * 53) % 900;
    const evidence: Evidence = { register: "import", slots: [{ start, end, wh }] };
    const due = dueOf({ kind: "import", start, end }, evidence, agreement, series);
    const { payer, amount } = due ?? { payer: a, amount: 0n };
    if (payer === a) cumA += amount;
    else cumB += amount;
    const record: RecordWire = {
      a,
      b,
      seq: quarter + 1,
      start,
      end,
      cumA: String(cumA),
      cumB: String(cumB),
      salt: id(`${index} ${quarter}`),
      kind: "import",
      payer,
      time: end,
      wh,
      amount: String(amount),
      prices,
      agreement: terms,
      ref: evidenceHash(evidence),
      prev,
    };
    const digest = recordDigest(domain, record);
    const [signatureA, signatureB] = [one, other].map(({ signer }) => signer.signingKey.sign(digest).serialized);
    const signed = { signatureA: signatureA ?? "0x", signatureB: signatureB ?? "0x" };
    records.push({ record, digest, ...signed });
    lines.push({ v: 1, kind: "record", record, evidence, ...signed });
    prev = digest;
  }
  return { records, lines };
}
