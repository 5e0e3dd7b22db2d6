import { expect, it } from "vitest";
import { boiler, statusOf } from "../plans.ts";
import { midnightMs } from "../rows.ts";
import { describeHomes, elm, feederDesk, homesOf, togetherW } from "../optimise/feeder-desk.ts";

const minuteMs = 60_000;
const all = { kind: "all" } as const;

/** A feeder whose homes have heard their plans. */
async function planned(count = 3) {
  const sites = homesOf(count);
  const room = await feederDesk([elm(9000, sites)], sites);
  await describeHomes(room.store, sites);
  await room.desk.followOperators();
  await room.desk.planAll();
  await room.clock.advance(minuteMs);
  room.sent.splice(0);
  return { ...room, sites };
}

it("takes running instructions back where an operator pauses, gives no new ones, and plans anew when that ends", async () => {
  const { store, desk, clock, sent } = await planned();
  const home = { kind: "home", name: "gw-1" } as const;
  await store.addWord({ word: "pause", scope: home, atMs: clock.now(), untilMs: null, limitW: null });
  await desk.followOperators();
  expect(sent).toMatchObject([{ site: "gw-1", list: { resource: "boiler", instructions: [] } }]);
  // Its neighbours have new plans, it has none.
  for (const site of ["gw-0", "gw-1"]) await store.saveStatus(site, statusOf("boiler", 6000));
  await desk.planAll();
  await desk.followOperators();
  await clock.advance(minuteMs);
  expect(sent.slice(1).map(({ site }) => site)).not.toContain("gw-1");
  await store.endWords(home, clock.now());
  await desk.followOperators();
  await clock.advance(minuteMs);
  expect(sent.at(-1)).toMatchObject({ site: "gw-1" });
  expect(sent.at(-1)?.list.instructions.length).toBeGreaterThan(0);
});

it("asks nothing of a home that does not sign, and plans it anew when it has signed", async () => {
  const { store, desk, clock, sent, state } = await planned();
  state.unsettled.add("gw-1");
  await desk.followOperators();
  expect(sent).toMatchObject([{ site: "gw-1", list: { resource: "boiler", instructions: [] } }]);
  for (const site of ["gw-0", "gw-1"]) await store.saveStatus(site, statusOf("boiler", 6000));
  await desk.planAll();
  await clock.advance(minuteMs);
  expect(sent.slice(1).map(({ site }) => site)).not.toContain("gw-1");
  // The grid's need stands above it: a reduction reaches that home too.
  await store.addWord({ word: "reduce", scope: all, atMs: clock.now(), untilMs: clock.now() + 10 * minuteMs, limitW: null });
  await desk.followOperators();
  expect(sent.at(-1)?.list.instructions.length).toBe(1);
  await clock.advance(11 * minuteMs);
  await desk.followOperators();
  state.unsettled.clear();
  await desk.followOperators();
  await clock.advance(minuteMs);
  expect(sent.findLast(({ site }) => site === "gw-1")?.list.instructions.length).toBeGreaterThan(0);
});

it("still knows of a pause after a restart, and takes back what was planned meanwhile", async () => {
  const { store, sites, clock } = await planned();
  await store.addWord({ word: "pause", scope: { kind: "feeder", name: "elm" }, atMs: clock.now(), untilMs: null, limitW: null });
  const again = await feederDesk([elm(9000, sites)], sites, { store });
  await again.desk.followOperators();
  expect(again.sent.map(({ site }) => site).toSorted()).toEqual(sites);
  expect(again.sent.flatMap(({ list }) => list.instructions)).toEqual([]);
  await again.desk.planAll();
  await again.clock.advance(minuteMs);
  expect(again.sent).toHaveLength(3);
});

it("plans within a lower limit while an operator says it, and within the feeder's own afterwards", async () => {
  const { store, desk, clock, sites } = await planned(4);
  const most = async (): Promise<number> => Math.max(...(await togetherW(store, sites, 96)));
  const before = await most();
  expect(before).toBeGreaterThan(4000);
  const feeder = { kind: "feeder", name: "elm" } as const;
  await store.addWord({ word: "limit", scope: feeder, atMs: clock.now(), untilMs: null, limitW: 4000 });
  await desk.followOperators();
  await clock.advance(minuteMs);
  // The slot under way is planned anew like all others.
  expect(await most()).toBeLessThanOrEqual(4000);
  await store.endWords(feeder, clock.now());
  await desk.followOperators();
  await clock.advance(minuteMs);
  expect(await most()).toBeGreaterThan(4000);
});

it("reduces at once, ahead of plans that wait, which never follow it", async () => {
  const { store, desk, clock, sent, sites } = await planned(40);
  // All homes need nothing more: new plans for all of them are on their way, one each 50 ms.
  for (const site of sites) await store.saveStatus(site, statusOf("boiler", 6000));
  await desk.planAll();
  const untilMs = clock.now() + 30 * minuteMs;
  await store.addWord({ word: "reduce", scope: all, atMs: clock.now(), untilMs, limitW: null });
  const before = sent.length;
  await desk.followOperators();
  const reduced = sent.slice(before);
  expect(reduced.map(({ site }) => site).toSorted()).toEqual(sites.toSorted());
  const least = { operationModeId: "off", executionTime: new Date(clock.now()).toISOString() };
  for (const { list } of reduced)
    expect(list.instructions).toMatchObject([{ ...least, validUntil: new Date(untilMs).toISOString() }]);
  await clock.advance(minuteMs);
  expect(sent).toHaveLength(before + 40);
});

it("blocks a heat pump no longer than it may be, and plans all homes anew when the reduction is over", async () => {
  const { store, desk, clock, sent } = await planned(1);
  await store.saveResource("gw-0", {
    ...boiler,
    resource: "pump",
    failsafeMode: "on",
    demand: { kind: "block", maxBlockS: 600, minFreeS: 600 },
  });
  const untilMs = clock.now() + 30 * minuteMs;
  await store.addWord({ word: "reduce", scope: all, atMs: clock.now(), untilMs, limitW: null });
  await desk.followOperators();
  const pump = sent.find(({ list }) => list.resource === "pump")?.list.instructions;
  expect(pump?.map(({ validUntil }) => Date.parse(validUntil))).toEqual([clock.now() + 10 * minuteMs]);
  sent.splice(0);
  await clock.advance(30 * minuteMs);
  await desk.followOperators();
  await clock.advance(minuteMs);
  expect(sent.map(({ list }) => list.resource).toSorted()).toEqual(["boiler", "pump"]);
});

it("sends a reduction again until it is answered, also when the broker was away", async () => {
  const { store, desk, clock, sent, state } = await planned(1);
  state.online = false;
  await store.addWord({ word: "reduce", scope: all, atMs: clock.now(), untilMs: clock.now() + 30 * minuteMs, limitW: null });
  await desk.followOperators();
  Object.assign(state, { online: true, answers: null });
  for (let at = 0; at < 3; at++) {
    await clock.advance(30_000);
    await desk.followOperators();
  }
  expect(sent).toHaveLength(3);
  expect(new Set(sent.map(({ list }) => list.plan)).size).toBe(1);
  await store.answerPlan("gw-0", sent[0]?.list.plan ?? "", "ACCEPTED", null);
  await clock.advance(30_000);
  await desk.followOperators();
  expect(sent).toHaveLength(3);
  expect(midnightMs).toBeLessThan(clock.now());
});
