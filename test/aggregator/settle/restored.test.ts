import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { expect, it, onTestFinished, vi } from "vitest";
import { slotResender } from "../../../agent/publish/resend-slots.ts";
import type { OutboxItem } from "../../../agent/store/outbox.ts";
import { anchoring } from "../../../aggregator/settle/anchoring.ts";
import { epochCatchUp, ownSources } from "../../../aggregator/settle/catch-up-epochs.ts";
import { epochMaker } from "../../../settlement/log/epoch-maker.ts";
import { logPublisher, type LogPublishing } from "../../../settlement/log/log-publisher.ts";
import { makeBundle } from "../../../aggregator/settle/make-bundle.ts";
import { proposer } from "../../../aggregator/settle/proposer.ts";
import { type RecordRecovery, recordRecovery } from "../../../aggregator/settle/recover-records.ts";
import { pairSettler } from "../../../aggregator/settle/settle-pairs.ts";
import type { AggregatorStore, StoredRecord } from "../../../aggregator/store/aggregator-store.ts";
import type { DatabasePlace } from "../../../aggregator/store/database-place.ts";
import { openStore } from "../../../aggregator/store/open-store.ts";
import type { MeasurementItem } from "../../../core/message/measurements.ts";
import type { SettlementDown, SettlementUp } from "../../../core/message/settlement-message.ts";
import { priceBook } from "../../../planner/price-book.ts";
import { audit } from "../../../settlement/audit/audit.ts";
import { openChainView } from "../../../settlement/audit/chain-view.ts";
import type { ArchiveLine } from "../../../settlement/log/archive.ts";
import { buildEpoch } from "../../../settlement/log/epoch.ts";
import { folderSource } from "../../../settlement/log/epoch-source.ts";
import { pricesHash } from "../../../settlement/record/reference-hash.ts";
import { verifyBundle } from "../../../settlement/verify/verify.ts";
import { homeOnChain, hourOf } from "../../agent/settle/home-on-chain.ts";
import { scratch } from "../../fake/scratch.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { aggregator, exampleSeries, householdIsA, midnightS, signBoth } from "../../settlement/fixture.ts";
import { bootOne, bootTwo, message, scratchPlace, slotItem } from "../rows.ts";

vi.setConfig({ testTimeout: 120_000 });

const site = "gw-4711";
const series = exampleSeries();
const hash = pricesHash(series);

/** A copy of a database that nobody has open. */
async function backupOf(place: DatabasePlace): Promise<DatabasePlace> {
  const copy = await scratchPlace();
  if (place.engine === "sqlite" && copy.engine === "sqlite") {
    copyFileSync(place.file, copy.file);
    return copy;
  }
  if (place.engine === "sqlite" || copy.engine === "sqlite") return expect.fail("two engines");
  const [from, to] = [place.url, copy.url].map((url) => new URL(url).pathname.slice(1));
  const server = new URL(copy.url);
  server.pathname = "postgres";
  const client = new pg.Client({ connectionString: server.toString() });
  await client.connect();
  await client.query(`drop database ${to}`);
  await client.query(`create database ${to} template ${from}`);
  await client.end();
  return copy;
}

/** A home with six hours of slots on a real chain, and aggregators of it over whatever database. */
async function street(form: LogPublishing["form"]) {
  const home = await homeOnChain({ pricesFirst: true });
  const { domain, agreement, clock } = home;
  const chain = await home.market.clientOf(aggregator.signer.privateKey);
  const folder = join(scratch("log"), "log");
  const log = silentLog();
  const publishing: LogPublishing = { in: "file", form, folder, mirrors: [] };
  const agreements = new Map([[site, agreement]]);
  const owner = aggregator.owner;
  let salts = 0;
  /** Rows that the home sends: those of hours of its ledger, both registers, under numbers of a run. */
  const rowsOf = (hours: readonly number[], firstSeq: number): MeasurementItem[] =>
    hours.flatMap((hour, index) =>
      (["import", "export"] as const).flatMap((register, second) =>
        hourOf(register, hour).slots.map(({ start, end, wh }, quarter) =>
          slotItem(firstSeq + index * 8 + second * 4 + quarter, 0, wh, { start, end, register }),
        ),
      ),
    );
  const open = async (place: DatabasePlace) => {
    const store = await openStore(place);
    const mail: SettlementDown[] = [];
    const seen: SettlementUp[] = [];
    let again = 0;
    const recovery: { records?: RecordRecovery } = {};
    const proposals = proposer({
      agreements,
      signer: aggregator.signer,
      chain,
      store,
      prices: priceBook([series]),
      send: async (_site, _type, _rest, body) => void mail.push(body as SettlementDown),
      salt: () => `0x${String(++salts).padStart(64, "0")}`,
      recovery: (tell) =>
        (recovery.records = recordRecovery({ store, agreements, chain, prices: priceBook([series]), tell, clock, log })),
      clock,
      log,
    });
    const lost: OutboxItem[] = [];
    const resend = slotResender({
      meters: home.stores.meters,
      outbox: { add: (item) => void lost.push(item) },
      gridMeter: "grid",
      atomically: (work) => work(),
      onAdded: () => undefined,
      clock,
      log,
    });
    /** The home's end of the line. */
    const answer = async (one: SettlementDown): Promise<void> => {
      if (one.kind === "proposal") seen.push(await home.room.answer(one.record, one.evidence));
      else if (one.kind === "countersigned") return home.room.countersigned(one.seq, one.digest, one.signature);
      else if (one.kind === "show") {
        if (one.slots) resend(Date.parse(one.slots.from), Date.parse(one.slots.to));
        seen.push(home.room.show(one.after));
      } else return;
      if (lost.length > 0) {
        const items = lost.splice(0).map((item): MeasurementItem => ({ ...item, seq: ++again }));
        await store.ingest(site, message(items, bootTwo));
      }
      await proposals.answer(site, seen.at(-1) ?? expect.fail("no answer"));
    };
    const settle = async (): Promise<void> => {
      await proposals.advance(site);
      for (let one = mail.shift(); one; one = mail.shift()) await answer(one);
    };
    const note = () => Promise.resolve();
    const publisher = logPublisher({ store, owner, publishing });
    const settler = pairSettler({ store, chain, owner, agreements, partial: false, noteSpent: note, clock, log });
    const work = anchoring({
      store,
      series: () => [series],
      catchUp: epochCatchUp({
        store,
        chain,
        domain,
        owner,
        sources: ownSources(folder, []),
        onRecords: async (records) => recovery.records?.published(records),
        now: () => clock.now(),
        log,
      }),
      epochs: epochMaker({ store, chain, owner, publisher, finality: 0, noteSpent: note, log }),
      settler,
      sites: () => [site],
      epochMs: 3_600_000,
      settleMs: 0,
      onEpoch: [],
      onFinal: [],
      clock,
      log,
    });
    const epoch = async (): Promise<void> => {
      await clock.advance(3_600_000);
      await home.market.warpTo(clock.now() / 1000);
      await work.tick();
    };
    return { store, settle, epoch, work, publisher, seen };
  };
  /** An aggregator that has run from the beginning: its prices are bound by the first epoch. */
  const first = async (place: DatabasePlace) => {
    const running = await open(place);
    await running.store.keepSeries(series, { hash, startMs: midnightS * 1000, endMs: (midnightS + 86_400) * 1000 });
    await running.store.addEpoch({ epoch: 1, root: buildEpoch([hash]).root, digests: [hash] });
    await running.store.epochCommitted(1, "0x");
    await running.publisher.bytesOf(1);
    await running.work.tick();
    return running;
  };
  const seqOnChain = async () => (await home.pairOnChain()).seq;
  return { home, domain, agreement, chain, folder, log, open, first, rowsOf, seqOnChain };
}

async function* numbered(lines: readonly ArchiveLine[]): AsyncGenerator<{ line: number; entry: ArchiveLine }> {
  for (const [index, entry] of lines.entries()) yield { line: index + 1, entry };
}

async function verdicts({ home, agreement, chain, folder }: Awaited<ReturnType<typeof street>>, store: AggregatorStore) {
  const records = await store.records(null, 99);
  const archive: ArchiveLine[] = [
    { v: 1, kind: "agreement", ...(await signBoth(agreement)) },
    { v: 1, kind: "prices", series },
    ...records.map(({ record, evidence, gatewaySignature, ownSignature }): ArchiveLine => {
      const [one, other] = [gatewaySignature ?? "0x", ownSignature ?? "0x"];
      const [signatureA, signatureB] = householdIsA ? [one, other] : [other, one];
      return { v: 1, kind: "record", record, evidence, signatureA, signatureB };
    }),
  ];
  const view = await openChainView(home.anvil.url, home.domain.contract);
  const report = await audit({ view, fromBlock: 0, sources: [folderSource(folder)], threads: 0, archive: numbered(archive) });
  view.close();
  const signed = await signBoth(agreement);
  const bundleOf = (stored: StoredRecord) =>
    makeBundle(store, stored, { agreement: signed, owner: aggregator.owner, rpc: home.anvil.url });
  const bundles = [];
  for (const stored of records) {
    const findings = await verifyBundle(await bundleOf(stored), chain);
    bundles.push(
      ...findings.filter(({ verdict }) => verdict !== "good").map(({ check, detail }) => [stored.record.seq, check, detail]),
    );
  }
  return { findings: report.findings, verdict: report.verdict, bundles };
}

/** Two hours are settled and anchored before the backup, two more after it; then the backup is put back and the home goes on. */
async function putBack(form: LogPublishing["form"], change: { noData?: true } = {}) {
  const room = await street(form);
  const { home, first, open, rowsOf } = room;
  const place = await scratchPlace();
  const before = await first(place);
  await before.store.ingest(site, message(rowsOf([0, 1], 1), bootOne));
  await before.settle();
  await before.epoch();
  expect(home.stores.records.newestCosigned(home.pair)?.record.seq).toBe(4);
  await before.store.close();
  const backup = await backupOf(place);
  const lost = await open(place);
  await lost.store.ingest(site, message(rowsOf([2, 3], 17), bootOne));
  await lost.settle();
  await lost.epoch();
  expect([home.stores.records.newestCosigned(home.pair)?.record.seq, await room.seqOnChain()]).toEqual([8, 8]);
  // Hour 4 had come, with a receipt, and was not settled.
  await lost.store.ingest(site, message(rowsOf([4], 33), bootOne));
  await lost.store.close();
  if (change.noData) rmSync(join(room.folder, aggregator.owner, "3"), { force: true });
  const back = await open(backup);
  onTestFinished(() => back.store.close());
  return { ...room, back };
}

it.each(["digests", "records"] as const)(
  "an aggregator on an old backup goes on after the chain and the home, and all that it settles is good (%s)",
  async (form) => {
    const room = await putBack(form);
    const { home, back, rowsOf } = room;
    await back.work.tick();
    expect([await back.store.newestEpoch(), (await back.store.epochAt(3))?.digests.length]).toEqual([3, 4]);
    await back.settle();
    expect(back.seen.filter(({ kind }) => kind !== "shown")).toEqual([]);
    expect((await back.store.records(null, 99)).map(({ record: { seq }, epoch }) => [seq, epoch])).toEqual([
      ...[1, 2, 3, 4].map((seq) => [seq, 2]),
      ...[5, 6, 7, 8].map((seq) => [seq, 3]),
    ]);
    // Of hour 4 the home has a receipt, so it sends the next hour; what lacks is asked for.
    await back.store.ingest(site, { ...message(rowsOf([5], 41), bootOne), receipted: 40 });
    await back.settle();
    await back.settle();
    expect(home.stores.records.newestCosigned(home.pair)?.record.seq).toBe(12);
    await back.epoch();
    await back.epoch();
    expect(await room.seqOnChain()).toBe(12);
    expect((await back.store.newestRecord(site))?.epoch).toBe(4);
    expect(await verdicts(room, back.store)).toEqual({ findings: [], verdict: "good", bundles: [] });
  },
);

it("keeps the place of an epoch of which nobody has the data, and anchors again what the home shows of it", async () => {
  const room = await putBack("digests", { noData: true });
  const { back, chain } = room;
  await back.work.tick();
  expect(await back.store.lostEpochs()).toMatchObject([{ epoch: 3 }]);
  await back.settle();
  expect((await back.store.newestRecord(site))?.record.seq).toBe(8);
  await back.epoch();
  expect((await back.store.recordAt(site, 8))?.epoch).toBe(4);
  expect(await chain.epochOf(aggregator.owner)).toBe(4);
  expect((await verdicts(room, back.store)).bundles).toEqual([]);
});

it("proposes nothing while a home does not show the records that the chain knows of", async () => {
  const room = await putBack("digests");
  const { home, back, log } = room;
  home.stores.records.cosignedAfter = () => [];
  await back.settle();
  await home.clock.advance(600_000);
  await back.settle();
  expect(back.seen.map(({ kind }) => kind)).toEqual(["shown", "shown"]);
  expect(log.lines.map(({ message: said }) => said)).toContain(
    "the chain has a newer record of this home, which does not show it",
  );
  expect((await back.store.newestRecord(site))?.record.seq).toBe(4);
});

it("takes nothing back that not both have signed, or that does not follow from what is here", async () => {
  const { back, home, agreement, chain, log } = await putBack("digests");
  const records = recordRecovery({
    store: back.store,
    agreements: new Map(),
    chain,
    prices: priceBook([series]),
    tell: () => Promise.resolve(),
    clock: home.clock,
    log,
  });
  expect(await records.isBehind(site, agreement)).toBe(true);
  const shown = home.room.show(4);
  if (shown.kind !== "shown") return expect.fail("nothing shown");
  const [five] = shown.records;
  if (!five) return expect.fail("no record");
  const { gatewaySignature, aggregatorSignature } = five;
  const forged = { ...five.record, wh: 1 };
  for (const one of [
    { ...five, record: forged },
    { ...five, gatewaySignature: aggregatorSignature },
    { ...five, aggregatorSignature: gatewaySignature },
    { ...five, record: { ...five.record, seq: 6 } },
  ])
    await records.shown(site, agreement, { ...shown, records: [one] });
  expect((await back.store.newestRecord(site))?.record.seq).toBe(4);
  await records.shown(site, agreement, { ...shown, records: [{ ...five, evidence: { register: "import", slots: [] } }] });
  expect((await back.store.newestRecord(site))?.record.seq).toBe(5);
  // What was lost of it comes with its evidence later.
  await records.shown(site, agreement, shown);
  expect(await back.store.recordAt(site, 5)).toMatchObject({ evidence: five.evidence, state: "cosigned" });
  expect((await back.store.newestRecord(site))?.record.seq).toBe(8);
});

it("gets records back that nothing told of, once the home says that it has signed another under that number", async () => {
  const { home, first, open, rowsOf } = await street("digests");
  const place = await scratchPlace();
  const before = await first(place);
  await before.store.ingest(site, message(rowsOf([0, 1], 1), bootOne));
  await before.settle();
  await before.store.close();
  const backup = await backupOf(place);
  const lost = await open(place);
  await lost.store.ingest(site, message(rowsOf([2, 3], 17), bootOne));
  await lost.settle();
  await lost.store.close();
  const back = await open(backup);
  onTestFinished(() => back.store.close());
  await back.store.ingest(site, message(rowsOf([2, 3, 4], 17), bootOne));
  await back.settle();
  expect(back.seen.slice(0, 2)).toMatchObject([
    { kind: "disputed", seq: 5, code: "settlement-second-body" },
    { kind: "shown", newest: 8 },
  ]);
  expect(home.stores.records.newestCosigned(home.pair)?.record.seq).toBe(10);
  expect((await back.store.records(null, 99)).map(({ state }) => state)).toEqual(Array.from({ length: 10 }, () => "cosigned"));
  expect(await back.store.disputes({ open: true, limit: 9 })).toEqual([]);
});

it("puts it to a person where the home shows no such record", async () => {
  const { home, first, rowsOf } = await street("digests");
  const running = await first(await scratchPlace());
  onTestFinished(() => running.store.close());
  await running.store.ingest(site, message(rowsOf([0], 1), bootOne));
  // The home has signed another one under this number, and nobody else.
  expect(await home.sign(home.next("export", 3))).toBe("signed");
  await running.settle();
  await home.clock.advance(120_000);
  await running.settle();
  expect(running.seen.map((one) => (one.kind === "disputed" ? one.code : one.kind))).toEqual([
    "settlement-second-body",
    "shown",
    "settlement-second-body",
  ]);
  expect(await running.store.disputes({ open: true, limit: 9 })).toMatchObject([
    { site, seq: 1, code: "settlement-second-body" },
  ]);
});
