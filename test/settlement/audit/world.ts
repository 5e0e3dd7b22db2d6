import { id } from "ethers";
import type { PriceSeries } from "../../../core/message/price-series.ts";
import type { Evidence, RecordWire } from "../../../core/message/settlement-message.ts";
import type { ArchiveLine } from "../../../settlement/log/archive.ts";
import { audit, type AuditOptions } from "../../../settlement/audit/audit.ts";
import { type ChainView, openChainView } from "../../../settlement/audit/chain-view.ts";
import type { AuditReport } from "../../../settlement/audit/journal.ts";
import type { ChainClient } from "../../../settlement/chain/chain-client.ts";
import { epochRoot } from "../../../settlement/log/epoch.ts";
import { encodeLogData, leavesOf, type LogData } from "../../../settlement/log/log-data.ts";
import { encodeLogPlace, logFileHash } from "../../../settlement/log/log-place.ts";
import type { LoggedRecord } from "../../../settlement/log/log-run.ts";
import { recordDigest, recordHead, signRecord } from "../../../settlement/record/record.ts";
import { pricesHash } from "../../../settlement/record/reference-hash.ts";
import { startAnvil } from "../../fake/anvil.ts";
import {
  aggregator,
  exampleAgreement,
  exampleEvidence,
  exampleRecord,
  exampleSeries,
  household,
  midnightS,
  noEvidence,
  partyA,
  partyB,
  signBoth,
} from "../fixture.ts";
import { fund, type Market, openMarket, registerBoth } from "../market.ts";

const day = 86_400;
type Signer = Parameters<typeof signRecord>[0];

/** A record of the day with all that its parties keep of it. */
export interface DayRecord extends LoggedRecord {
  evidence: Evidence;
}

/** One aggregator, one household, one day, on a chain of its own; nothing is committed yet. */
export interface AuditWorld extends AsyncDisposable {
  market: Market;
  /** Sends as the aggregator's signer. */
  logger: ChainClient;
  view: ChainView;
  series: PriceSeries;
  /** Two hours of import, two of export and the day's reward, signed by both. */
  honestDay(): Promise<DayRecord[]>;
  sign(record: RecordWire, by?: { a?: Signer; b?: Signer }): Promise<LoggedRecord>;
  /** Commits an epoch of the aggregator with its data in the commitment. */
  commit(data: LogData, change?: { root?: string; count?: number; data?: string }): Promise<void>;
  /** The tariff the day before, the day's records on the day after. */
  log(records?: readonly LoggedRecord[]): Promise<void>;
  /** The same, and the settlement of the newest. */
  publishHonestly(records?: readonly LoggedRecord[]): Promise<void>;
  /** Commits the prices before midnight. */
  bindPrices(): Promise<void>;
  settle(record: LoggedRecord): Promise<void>;
  archiveOf(records: readonly DayRecord[], change?: (line: ArchiveLine) => ArchiveLine | null): Promise<ArchiveLine[]>;
  audit(options?: Partial<Omit<AuditOptions, "archive">> & { archive?: readonly ArchiveLine[] }): Promise<AuditReport>;
}

export const recordsForm = (records: readonly LoggedRecord[], others: readonly string[] = []): LogData => ({
  form: "records",
  records,
  others,
});

/** Data in a file, found by its hash. */
export function filePlace(data: LogData): { bytes: Uint8Array; place: string } {
  const bytes = encodeLogData(data);
  return { bytes, place: encodeLogPlace({ in: "file", length: bytes.length, hash: logFileHash(bytes) }) };
}

export async function openWorld(): Promise<AuditWorld> {
  const anvil = await startAnvil({ timestamp: midnightS - day });
  const market = await openMarket(anvil);
  await registerBoth(market);
  const { domain } = market;
  const logger = await market.clientOf(aggregator.signer.privateKey);
  const view = await openChainView(anvil.url, domain.contract);
  const series = exampleSeries();
  let epochs = 0;
  const sign: AuditWorld["sign"] = async (record, by = {}) => ({
    record,
    digest: recordDigest(domain, record),
    signatureA: await signRecord(by.a ?? partyA.signer, domain, record),
    signatureB: await signRecord(by.b ?? partyB.signer, domain, record),
  });
  const commit: AuditWorld["commit"] = async (data, change = {}) => {
    const leaves = leavesOf(data);
    const inline = encodeLogPlace({ in: "inline", bytes: encodeLogData(data) });
    const root = change.root ?? epochRoot(leaves);
    await logger.commit(aggregator.owner, ++epochs, root, change.count ?? leaves.length, change.data ?? inline);
  };
  const settle = async ({ record, signatureA, signatureB }: LoggedRecord): Promise<void> => {
    await fund(market, household.owner, 10n ** 9n);
    await fund(market, aggregator.owner, 10n ** 9n);
    await market.funder.settle(recordHead(record), signatureA, signatureB);
  };
  const honestDay = async (): Promise<DayRecord[]> => {
    const days: DayRecord[] = [];
    const kinds = [
      ["import", 0],
      ["export", 0],
      ["import", 3600],
      ["export", 3600],
      ["reward", 0],
    ] as const;
    for (const [kind, startS] of kinds) {
      const previous = days.at(-1)?.record ?? null;
      const reward = kind === "reward";
      const evidence = reward ? noEvidence : exampleEvidence(kind, [151, 12, 87, 1203 + startS], startS);
      const basis = { previous, kind, evidence, startS, salt: id(`${kind} ${startS}`), series: reward ? null : series };
      const record = exampleRecord(domain, { ...basis, ...(reward && { lengthS: day }) });
      days.push({ ...(await sign(record)), evidence });
    }
    return days;
  };
  const log: AuditWorld["log"] = async (records) => {
    await bindPrices();
    await market.warpTo(midnightS + day + 600);
    await commit(recordsForm(records ?? (await honestDay())));
  };
  const bindPrices = () => commit(recordsForm([], [pricesHash(series), id("another tariff")]));
  return {
    market,
    logger,
    view,
    series,
    sign,
    commit,
    settle,
    bindPrices,
    honestDay,
    log,
    async publishHonestly(records) {
      const logged = records ?? (await honestDay());
      await log(logged);
      const newest = logged.at(-1);
      if (newest) await settle(newest);
    },
    async archiveOf(records, change = (line) => line) {
      const lines: ArchiveLine[] = [
        { v: 1, kind: "agreement", ...(await signBoth(exampleAgreement(domain))) },
        { v: 1, kind: "prices", series },
        ...records.map(({ record, evidence, signatureA, signatureB }): ArchiveLine => ({
          v: 1,
          kind: "record",
          record,
          evidence,
          signatureA,
          signatureB,
        })),
      ];
      return lines.flatMap((line) => change(line) ?? []);
    },
    audit: ({ archive, ...options } = {}) =>
      audit({
        view,
        fromBlock: 0,
        sources: [],
        threads: 0,
        ...(archive && { archive: numbered(archive) }),
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      view.close();
      market.close();
      await anvil.stop();
    },
  };
}

async function* numbered(lines: readonly ArchiveLine[]): AsyncGenerator<{ line: number; entry: ArchiveLine }> {
  for (const [index, entry] of lines.entries()) yield { line: index + 1, entry };
}
