import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { worth } from "../../aggregator/reward/worth.ts";
import { beyondControl, controlTerms } from "../../aggregator/reward/beyond-control.ts";
import { feederAvailability } from "../../aggregator/reward/income.ts";
import { anchoring } from "../../aggregator/settle/anchoring.ts";
import { epochMaker } from "../../settlement/log/epoch-maker.ts";
import { epochTrees } from "../../aggregator/settle/epoch-trees.ts";
import { logPublisher } from "../../settlement/log/log-publisher.ts";
import { makeBundle } from "../../aggregator/settle/make-bundle.ts";
import { noteSpent } from "../../aggregator/settle/note-spent.ts";
import { proposer } from "../../aggregator/settle/proposer.ts";
import { pairSettler } from "../../aggregator/settle/settle-pairs.ts";
import type { AggregatorStore } from "../../aggregator/store/aggregator-store.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import { SettlementDown } from "../../core/message/settlement-message.ts";
import { priceBook } from "../../planner/price-book.ts";
import { agreementHash } from "../../settlement/record/sign-agreement.ts";
import type { GridTerms } from "../../settlement/record/grid-agreement.ts";
import { overallVerdict } from "../../settlement/verify/verdict.ts";
import { verifyBundle } from "../../settlement/verify/verify.ts";
import { silentLog } from "../../test/fake/silent-log.ts";
import type { Run } from "../real-prices/simulate.ts";
import { meteredSlots, outboxRows } from "./metered-slots.ts";
import { monthChain } from "./month-chain.ts";
import { monthHome } from "./month-home.ts";
import { gridContract, homeContract, partyOf, zone } from "./parties.ts";
import type { StreetHome } from "./street.ts";

const dayMs = 24 * 3_600_000;
const bootUuid = "0b7d4c1e-4d7e-4c0a-9a58-1c5d1f0e7a01";

/** What came of settling the month. Money in micro-units. */
export interface MonthLedger {
  events: number;
  /** Events that went beyond what homes had agreed to. */
  beyond: number;
  records: number;
  recordsOf: Record<string, number>;
  verified: number;
  problems: string[];
  disputes: number;
  /** What the aggregator reckoned as rewards, what co-signed records say, and what flexibility brought in. */
  reckonedMicro: bigint;
  rewardedMicro: bigint;
  incomeMicro: Record<string, bigint>;
  /** Days on which rewards came to more than there was to pay from. */
  overspentDays: number;
  homesRewarded: number;
  /** Import less export of all records, and what the chain has of all pairs, household to aggregator. */
  energyMicro: bigint;
  chainMicro: bigint;
  settledPairs: number;
}

/**
 * Settles a month of a street day by day with the programs' own parts: the aggregator's store, reckoner, proposer, epochs and
 * settlement, each home's signing room with a ledger of its own, and a development chain; then each record's bundle is verified.
 */
export async function settleMonth(
  homes: readonly StreetHome[],
  runs: readonly Pick<Run, "netWh" | "flows">[],
  options: {
    terms: GridTerms;
    series: PriceSeries;
    minutes: number;
    /** Resolves when a day stands in `runs`; left out, all of them do. */
    dayDone?: (day: number) => Promise<void>;
    progress: (words: string) => void;
  },
): Promise<MonthLedger> {
  const { series, progress } = options;
  const { startMs, slotMs, slots } = homes[0]?.trial ?? { startMs: 0, slotMs: 1, slots: 0 };
  const days = Math.round((slots * slotMs) / dayMs);
  const month = { startMs, endMs: startMs + days * dayMs };
  const [aggregator, operator] = [partyOf("aggregator"), partyOf("grid operator")];
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-month-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const net = await monthChain(startMs, aggregator);
  opened.defer(() => net.close());
  const { domain, chain } = net;
  const store = await openStore({ engine: "sqlite", file: join(folder, "aggregator.db") });
  opened.defer(() => store.close());
  const [clock, log] = [fakeClock(startMs - 3_600_000), silentLog()];
  const signedGrid = await gridContract(options.terms, operator, aggregator, { domain, ...month });
  const { agreement: grid } = signedGrid;
  const feeder = {
    name: "street",
    importLimitW: options.terms.importLimitW,
    day: [],
    timezone: zone,
    sites: homes.map(({ name }) => name),
    grid: { ...grid, agreement: agreementHash(grid), terms: options.terms },
  };
  progress(`settlement: ${homes.length} homes are registered and funded`);
  await net.register(aggregator);
  const parties = new Map(homes.map(({ name }) => [name, partyOf(name)]));
  const signed = new Map<string, Awaited<ReturnType<typeof homeContract>>>();
  const rooms = new Map<string, ReturnType<typeof monthHome>>();
  for (const [site, party] of parties) {
    await net.register(party);
    const contract = await homeContract(site, party, aggregator, { domain, ...month });
    signed.set(site, contract);
    const { agreement } = contract;
    await net.fund(agreement.a, agreement.b);
    const room = monthHome({ folder, site, agreement, party, chain, series, clock });
    opened.defer(() => room.close());
    rooms.set(site, room);
  }
  const agreements = new Map([...signed].map(([site, { agreement }]) => [site, agreement]));
  const prices = priceBook([series]);
  const note = noteSpent(store, domain.chainId, clock);
  const publisher = logPublisher({
    store,
    owner: aggregator.owner,
    publishing: { in: "file", form: "digests", folder: join(folder, "log"), mirrors: [] },
  });
  const settler = pairSettler({ store, chain, owner: aggregator.owner, agreements, partial: false, noteSpent: note, clock, log });
  const anchor = anchoring({
    store,
    series: () => prices.series,
    epochs: epochMaker({ store, chain, owner: aggregator.owner, publisher, finality: 0, noteSpent: note, log }),
    settler,
    sites: () => agreements.keys(),
    epochMs: dayMs,
    settleMs: null,
    onEpoch: [],
    onFinal: [],
    clock,
    log,
  });
  const answers: Promise<void>[] = [];
  const proposals = proposer({
    agreements,
    signer: aggregator.signer,
    chain,
    store,
    prices,
    feedersOf: () => [feeder.name],
    income: [feederAvailability([feeder], store)],
    async send(site, _type, _rest, body) {
      const answer = await rooms.get(site)?.hear(SettlementDown.parse(body));
      // Its turn comes after this one: nobody waits for it in here.
      if (answer) answers.push(proposals.answer(site, answer));
    },
    salt: () => `0x${randomBytes(32).toString("hex")}`,
    clock,
    log,
  });
  // What households pay for energy follows the day-ahead price already: to the aggregator only the feeder's charges are worth anything.
  const nothing = {
    ...series,
    importPerKwh: series.importPerKwh.map(() => "0"),
    exportPerKwh: series.importPerKwh.map(() => "0"),
  };
  const fixed = worth({ prices: priceBook([nothing]), feeders: [feeder], store, slotMinutes: options.minutes });
  const perDay = Math.round(dayMs / slotMs);
  let [events, beyond] = [0, 0];
  // Prices are bound before they begin to count.
  await anchor.tick();
  await net.warpTo(startMs - 1800_000);
  await clock.advance(3_600_000 - 60_000);
  for (let day = 0; day < days; day += 1) {
    await options.dayDone?.(day);
    const metered = runs.map(meteredSlots);
    await fixed.freeze(clock.now());
    for (const [at, home] of homes.entries()) {
      const contract = agreements.get(home.name);
      if (!contract) continue;
      const found = await writeEvents(store, home, agreementHash(contract), { day, perDay });
      events += found.length;
      const terms = controlTerms(contract);
      beyond += found.filter((event, index) => terms && beyondControl(terms, event, found.slice(0, index))).length;
      const rows = outboxRows(metered[at] ?? [], {
        from: day * perDay,
        until: (day + 1) * perDay,
        startMs,
        slotMs,
        seq: 1 + day * perDay * 3,
      });
      rooms.get(home.name)?.keep(rows);
      await store.ingest(home.name, { v: 1, boot: bootUuid, items: rows });
    }
    // Prices are fixed a minute before the first day; each day is settled a minute after its end.
    await clock.advance(day === 0 ? dayMs + 120_000 : dayMs);
    await net.warpTo(clock.now());
    for (const { name } of homes) {
      await proposals.advance(name);
      while (answers.length > 0) await answers.shift();
    }
    await anchor.tick();
    progress(`settlement: day ${day + 1} of ${days}`);
  }
  await anchor.tick();
  await settler.settle(agreements.keys());
  return {
    events,
    beyond,
    ...(await verifyAll(store, { signed, owner: aggregator.owner, rpc: net.url, chain, progress })),
    ...(await sums(store, month)),
    ...(await onChain(chain, agreements.values())),
    disputes: (await store.disputes({ open: true, limit: 1000 })).length,
  };
}

/** The stays of a home's car that begin on a day, each an event that the home took. */
async function writeEvents(
  store: AggregatorStore,
  { name: site, trial }: StreetHome,
  agreement: string,
  { day, perDay }: { day: number; perDay: number },
) {
  const today = trial.sessions.filter(({ from }) => Math.floor(from / perDay) === day);
  const found = [];
  for (const { from, until } of today) {
    const plan = randomUUID();
    const span = { startMs: trial.startMs + from * trial.slotMs, endMs: trial.startMs + until * trial.slotMs };
    const event = { site, plan, resource: "car", agreement, meter: "car", baseline: "charge_now" as const, ...span };
    await store.addEvent({ ...event, powerW: trial.home.carMaxW, overridden: false, excused: false });
    await store.savePlans(site, [{ plan, resource: "car", agreement, instructions: [] }], span.startMs);
    await store.answerPlan(site, plan, "ACCEPTED", null);
    found.push({ resource: "car", ...span });
  }
  return found;
}

async function verifyAll(
  store: AggregatorStore,
  context: {
    signed: ReadonlyMap<string, Awaited<ReturnType<typeof homeContract>>>;
    owner: string;
    rpc: string;
    chain: Awaited<ReturnType<typeof monthChain>>["chain"];
    progress: (words: string) => void;
  },
): Promise<Pick<MonthLedger, "records" | "recordsOf" | "verified" | "problems" | "rewardedMicro" | "energyMicro">> {
  const found = { records: 0, recordsOf: {} as Record<string, number>, verified: 0, problems: [] as string[] };
  let [rewardedMicro, energyMicro] = [0n, 0n];
  const treeOf = epochTrees(store);
  let after: { site: string; seq: number } | null = null;
  for (;;) {
    const page = await store.records(after, 500);
    for (const stored of page) {
      const { site, record, state } = stored;
      after = { site, seq: record.seq };
      found.records += 1;
      found.recordsOf[record.kind] = (found.recordsOf[record.kind] ?? 0) + 1;
      const agreement = context.signed.get(site);
      const bundle =
        agreement && (await makeBundle(store, stored, { agreement, owner: context.owner, rpc: context.rpc, treeOf }));
      const findings = await verifyBundle(bundle, context.chain);
      if (overallVerdict(findings) === "good") found.verified += 1;
      else {
        const why = findings.filter(({ verdict }) => verdict !== "good").map(({ check, detail }) => `${check}: ${detail}`);
        found.problems.push(`${site}/${record.seq} ${record.kind} ${state}: ${why.join("; ")}`);
      }
      const owed = BigInt(record.amount) * (record.payer === context.owner ? -1n : 1n);
      if (record.kind === "reward") rewardedMicro -= owed;
      else energyMicro += owed;
    }
    if (page.length < 500) return { ...found, rewardedMicro, energyMicro };
    context.progress(`verified ${found.verified} of ${found.records} records`);
  }
}

async function sums(store: AggregatorStore, { startMs, endMs }: { startMs: number; endMs: number }) {
  const rewards = await store.rewards(null, startMs, endMs);
  const income = await store.income(startMs, endMs);
  const incomeMicro: Record<string, bigint> = {};
  for (const { source, micro } of income) incomeMicro[source] = (incomeMicro[source] ?? 0n) + micro;
  const total = (amounts: readonly bigint[]): bigint => amounts.reduce((sum, one) => sum + one, 0n);
  const paidOn = Map.groupBy(rewards, (reward) => reward.startMs);
  const overspentDays = [...paidOn].filter(([dayStartMs, ofDay]) => {
    const there = total(income.filter((line) => line.startMs === dayStartMs).map(({ micro }) => micro));
    return total(ofDay.map(({ amount }) => amount)) > (there > 0n ? there : 0n);
  }).length;
  return {
    reckonedMicro: total(rewards.map(({ amount }) => amount)),
    homesRewarded: new Set(rewards.filter(({ amount }) => amount > 0n).map(({ site }) => site)).size,
    incomeMicro,
    overspentDays,
  };
}

async function onChain(
  chain: Awaited<ReturnType<typeof monthChain>>["chain"],
  agreements: Iterable<{ a: string; b: string; aggregator: string }>,
): Promise<Pick<MonthLedger, "chainMicro" | "settledPairs">> {
  let [chainMicro, settledPairs] = [0n, 0];
  for (const { a, b, aggregator } of agreements) {
    const { cumA, cumB, seq } = await chain.pairOf(a, b);
    chainMicro += aggregator === a ? cumB - cumA : cumA - cumB;
    if (seq > 0) settledPairs += 1;
  }
  return { chainMicro, settledPairs };
}
