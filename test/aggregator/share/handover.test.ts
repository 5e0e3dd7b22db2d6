import { expect, it } from "vitest";
import { controlState } from "../../../aggregator/dispatch/control.ts";
import { dispatcher } from "../../../aggregator/dispatch/dispatcher.ts";
import { eventRecorder } from "../../../aggregator/reward/event-recorder.ts";
import { contracts } from "../../../aggregator/reward/under-contract.ts";
import { worth } from "../../../aggregator/reward/worth.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import type { Lease } from "../../../aggregator/store/lease-store.ts";
import { openStore } from "../../../aggregator/store/open-store.ts";
import { errorCode } from "../../../core/app-error.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { priceBook } from "../../../planner/price-book.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { exampleAgreement, exampleSeries } from "../../settlement/fixture.ts";
import { describeHomes, elm, feederDesk, homesOf } from "../optimise/feeder-desk.ts";
import { scratchStore } from "../rows.ts";
import { at, controlOf, listOf, tank } from "../reward/lists.ts";

const domain = { chainId: 31_337, contract: `0x${"5e".repeat(20)}` };
const agreement = exampleAgreement(domain, {
  reward: { kind: "flexibility", share: 750, paidAs: "money", control: controlOf() },
});
const clock = fakeClock(at(0));
const log = silentLog();

/** One of two workers, with what it believes to hold; `meanwhile` happens between its look at the lease and its write. */
function worker(store: AggregatorStore, lease: Lease, meanwhile: () => Promise<void> = () => Promise.resolve()) {
  const sent: string[] = [];
  const freezing = worth({ prices: priceBook([exampleSeries()]), feeders: [], store, slotMinutes: 15 });
  const words = contracts({
    agreements: new Map([["a", { agreement }]]),
    store,
    recorder: eventRecorder({ store, worth: freezing, slotMinutes: 15, log }),
    slotMinutes: 15,
    log,
  });
  const out = dispatcher({
    store,
    send: async (_site, _type, rest, body) => void sent.push(`${rest} ${(body as { plan: string }).plan.slice(-1)}`),
    control: controlState([]),
    contracts: {
      underContract: words.underContract,
      async changesBy(site, lists, nowMs) {
        const changes = await words.changesBy(site, lists, nowMs);
        await meanwhile();
        return changes;
      },
    },
    fenceOf: () => lease,
    clock,
    later: (work) => work,
    signal: new AbortController().signal,
  });
  return { give: out.give, sent };
}

async function twoWorkers() {
  const { store, place } = await scratchStore();
  const other = await openStore(place);
  await store.saveResource("a", tank);
  const mine = await store.takeLease("homes 0", "one", null);
  if (!mine) return expect.fail("not taken");
  const takenOver = async (): Promise<Lease> => (await other.takeLease("homes 0", "two", mine)) ?? expect.fail("not taken over");
  const events = async () =>
    (await store.events("a", 0, 1e15)).map(({ plan, startMs, endMs }) => ({ plan: plan.slice(-1), startMs, endMs }));
  return { store, other, mine, takenOver, events };
}

it("writes no event of a plan whose home another worker has taken over in between, nor takes one of its events back", async () => {
  const { store, other, mine, takenOver, events } = await twoWorkers();
  let next: Awaited<ReturnType<typeof events>> = [];
  const late = worker(store, mine, async () => {
    const own = worker(other, await takenOver());
    await own.give("a", [listOf("boiler", 2, [0, 12, "off"], [12, 24, "on"])]);
    expect(own.sent).toEqual(["instr/boiler 2"]);
    next = await events();
  });
  expect(await late.give("a", [listOf("boiler", 1, [4, 8, "off"], [8, 20, "on"])]).catch(errorCode)).toBe("lease-lost");
  expect([next.length, next[0]?.plan, await events()]).toEqual([1, "2", next]);
  expect(late.sent).toEqual([]);
  expect((await store.plans("a")).map(({ list }) => list.plan.slice(-1))).toEqual(["2"]);
  await other.close();
});

it("does not end or move an event that runs, where the lease changes hands before the new plan is kept", async () => {
  const { store, other, mine, takenOver, events } = await twoWorkers();
  await worker(store, mine).give("a", [listOf("boiler", 1, [0, 8, "off"], [8, 20, "on"])]);
  await store.answerPlan("a", "00000000-0000-4000-8000-000000000001", "ACCEPTED", null);
  const running = await events();
  expect(running).toHaveLength(1);
  const late = worker(store, mine, async () => void (await takenOver()));
  expect(await late.give("a", [listOf("boiler", 2)]).catch(errorCode)).toBe("lease-lost");
  expect(await events()).toEqual(running);
  await other.close();
});

it("keeps a plan and its events together where the lease holds, also of many homes in one commit", async () => {
  const { store, mine } = await twoWorkers();
  const gone = (await store.takeLease("homes 1", "one", null)) ?? expect.fail("not taken");
  await store.takeLease("homes 1", "two", gone);
  const [kept, lost] = [worker(store, mine), worker(store, gone)];
  const answers = await Promise.allSettled([
    kept.give("a", [listOf("boiler", 1, [0, 8, "off"], [8, 20, "on"])]),
    lost.give("a", [listOf("boiler", 2, [0, 8, "off"], [8, 20, "on"])]),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
  expect((await store.events("a", 0, 1e15)).map(({ plan }) => plan.slice(-1))).toEqual(["1"]);
});

it("writes nothing of what a feeder's limit costs, where another worker has taken the feeder over while it was planned", async () => {
  const { store, other, mine, takenOver } = await twoWorkers();
  // Neither the houses alone nor what their heaters want fit under the limit.
  const sites = homesOf(3);
  const feeders = [elm(1100, sites)];
  await describeHomes(store, sites);
  let handOver = (): Promise<unknown> => takenOver();
  const desk = (own: AggregatorStore, lease: Lease) =>
    feederDesk(feeders, sites, { store: own, share: { holds: () => true, fenceOf: () => lease, generation: () => 0 } });
  const late = await desk({ ...store, curtailments: async (fromMs) => (await handOver(), store.curtailments(fromMs)) }, mine);
  await late.desk.planAll();
  expect(late.failures.map(errorCode)).toEqual(["lease-lost"]);
  expect(await store.shortfalls(0, 1e15)).toEqual([]);
  expect(await store.curtailments(0)).toEqual([]);
  await late.clock.advance(60_000);
  expect(late.sent).toEqual([]);
  // Whoever holds it writes them.
  handOver = () => Promise.resolve();
  const held = (await other.leases()).find(({ name }) => name === mine.name) ?? expect.fail("no lease");
  await (await desk(other, held)).desk.planAll();
  expect((await store.shortfalls(0, 1e15)).length).toBeGreaterThan(0);
  expect((await store.curtailments(0)).length).toBeGreaterThan(0);
  await other.close();
});
