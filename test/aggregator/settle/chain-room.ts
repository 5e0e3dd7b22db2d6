import { join } from "node:path";
import { onTestFinished } from "vitest";
import { anchoring, type AnchoringParts } from "../../../aggregator/settle/anchoring.ts";
import { epochMaker } from "../../../settlement/log/epoch-maker.ts";
import { logPublisher, type LogPublishing } from "../../../settlement/log/log-publisher.ts";
import { noteSpent } from "../../../aggregator/settle/note-spent.ts";
import { pairSettler } from "../../../aggregator/settle/settle-pairs.ts";
import type { AggregatorStore, StoredRecord } from "../../../aggregator/store/aggregator-store.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import type { PriceSeries } from "../../../core/message/price-series.ts";
import type { Evidence, RecordWire } from "../../../core/message/settlement-message.ts";
import type { Agreement } from "../../../settlement/record/agreement.ts";
import type { ChainClient } from "../../../settlement/chain/chain-client.ts";
import { recordDigest } from "../../../settlement/record/record.ts";
import { startAnvil } from "../../fake/anvil.ts";
import { scratch } from "../../fake/scratch.ts";
import { silentLog } from "../../fake/silent-log.ts";
import * as parties from "../../settlement/fixture.ts";
import { openMarket, registerBoth } from "../../settlement/market.ts";
import { midnightMs, scratchStore } from "../rows.ts";

const { aggregator, midnightS } = parties;
export const site = "gw-4711";

/** What a test may want otherwise. */
interface Change {
  publishing?: Partial<LogPublishing>;
  blobsAtOnce?: number;
  finality?: "finalized" | number;
  partial?: boolean;
  settleMs?: number | null;
  series?: readonly PriceSeries[];
  agreement?: Partial<Agreement>;
}

/** A chain of its own, on which both are registered since the day before, and the aggregator's key. */
export async function openChain() {
  const anvil = await startAnvil({ timestamp: midnightS - 86_400 });
  const market = await openMarket(anvil);
  onTestFinished(async () => {
    market.close();
    await anvil.stop();
  });
  await registerBoth(market);
  return { anvil, market, chain: await market.clientOf(aggregator.signer.privateKey) };
}

/** The aggregator's work with the chain, over a real store and a real chain, on fake time from midnight on. */
export async function chainRoom(change: Change = {}) {
  const { anvil, market, chain } = await openChain();
  const kept = await scratchStore();
  const log = silentLog();
  const clock = fakeClock(midnightMs);
  const agreement = parties.exampleAgreement(market.domain, change.agreement);
  const agreements = new Map([[site, agreement]]);
  const folder = join(scratch("log"), "log");
  const publishing: LogPublishing = { in: "file", form: "digests", folder, mirrors: [], ...change.publishing };
  const owner = aggregator.owner;
  const make = (store: AggregatorStore, through: ChainClient, more: Partial<AnchoringParts> = {}) => {
    const note = noteSpent(store, through.chainId, clock);
    const publisher = logPublisher({
      store,
      owner,
      publishing,
      ...(change.blobsAtOnce !== undefined && { blobsAtOnce: change.blobsAtOnce }),
    });
    const { partial = false, finality = 0 } = change;
    const settler = pairSettler({ store, chain: through, owner, agreements, partial, noteSpent: note, clock, log });
    const epochs = epochMaker({ store, chain: through, owner, publisher, finality, noteSpent: note, log });
    const parts: AnchoringParts = {
      store,
      series: () => change.series ?? [],
      epochs,
      settler,
      sites: () => agreements.keys(),
      epochMs: 3_600_000,
      settleMs: change.settleMs === undefined ? 0 : change.settleMs,
      onEpoch: [],
      onFinal: [],
      clock,
      log,
      ...more,
    };
    return { publisher, settler, epochs, ...anchoring(parts) };
  };
  let store = kept.store;
  let work = make(store, chain);
  const room = {
    anvil,
    market,
    chain,
    log,
    clock,
    owner,
    agreement,
    agreements,
    folder,
    publishing,
    make,
    get store() {
      return store;
    },
    get work() {
      return work;
    },
    /** The same with calls of the chain client replaced. */
    through: (other: Partial<ChainClient>, more: Partial<AnchoringParts> = {}) => make(store, { ...chain, ...other }, more),
    /** A process that was killed and started again on the same file. */
    async restart() {
      store = await kept.reopen();
      work = make(store, chain);
    },
    /** One regular epoch later. */
    async epoch(by: { tick(): Promise<void> } = work) {
      await clock.advance(3_600_000);
      await by.tick();
    },
    /** Registration has to lie before the service, the newest block after it. */
    toTheDayAfter: () => market.warpTo(midnightS + 86_400),
    settledSeq: async () => (await chain.pairOf(parties.partyA.owner, parties.partyB.owner)).seq,
    addCosigned: (kind: "import" | "export" = "import") => addCosigned(store, market.domain, kind),
    codes: () => log.lines.filter(({ level }) => level === "warn" || level === "error").map(({ fields }) => fields["code"]),
  };
  // The first look sets the times; nothing is there yet.
  await work.tick();
  return room;
}

/** Adds a record that both have signed, the next of the pair. */
export async function addCosigned(
  store: AggregatorStore,
  domain: Parameters<typeof recordDigest>[0],
  kind: "import" | "export" = "import",
): Promise<StoredRecord> {
  const newest = await store.newestRecord(site);
  const startS = (newest?.record.seq ?? 0) * 3600;
  const evidence: Evidence = parties.exampleEvidence(kind, [151, 0, 87, 1203], startS);
  const series = parties.exampleSeries();
  const record: RecordWire = parties.exampleRecord(domain, { previous: newest?.record ?? null, kind, evidence, series, startS });
  const [signatureA, signatureB] = await parties.bothSign(domain, record);
  const [gatewaySignature, ownSignature] = parties.householdIsA ? [signatureA, signatureB] : [signatureB, signatureA];
  const stored: StoredRecord = {
    site,
    record,
    digest: recordDigest(domain, record),
    evidence,
    prices: series,
    state: "cosigned",
    gatewaySignature,
    ownSignature,
    epoch: null,
  };
  await store.addRecord(stored, { kind, nextMs: Date.parse(record.end) });
  return stored;
}
