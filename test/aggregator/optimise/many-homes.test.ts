import { setImmediate as turn } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { planningDesk } from "../../../aggregator/optimise/planning-desk.ts";
import { AppError } from "../../../core/app-error.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { priceBook } from "../../../planner/price-book.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { until } from "../../fake/until.ts";
import { exampleSeries } from "../../settlement/fixture.ts";
import { boiler, named } from "../plans.ts";
import { midnightMs, scratchStore } from "../rows.ts";
import { homesOf } from "./feeder-desk.ts";

/** A desk for homes on no feeder, with how many it plans at the same time. */
async function desk(homes: number) {
  const { store } = await scratchStore();
  const sites = homesOf(homes);
  for (const site of sites) await store.saveResource(site, boiler);
  const clock = fakeClock(midnightMs);
  const ending = new AbortController();
  onTestFinished(() => ending.abort());
  const planned: string[] = [];
  let [underWay, most, done] = [0, 0, 0];
  let [reading, mostReading] = [0, 0];
  const opened = planningDesk({
    store: {
      ...store,
      async resources(site) {
        mostReading = Math.max(mostReading, ++reading);
        return store.resources(site).finally(() => reading--);
      },
      async statuses(site) {
        most = Math.max(most, ++underWay);
        return store.statuses(site);
      },
      async savePlans(site, ...rest) {
        await store.savePlans(site, ...rest);
        planned.push(site);
      },
    },
    prices: priceBook([exampleSeries()]),
    send: async () => {
      throw new AppError("mqtt-offline", "away", { temporary: true });
    },
    sites,
    feeders: [],
    contracts: named({}),
    uuid: () => crypto.randomUUID(),
    slotMinutes: 15,
    planEveryMs: 3_600_000,
    reserveQuantile: 0,
    threads: 0,
    quietly: (work) => work.catch(() => undefined),
    watch: { worked: () => void (underWay--, done++), planEnded: () => undefined, foretold: () => undefined },
    // As the machine's clock: timers do not wait for each other.
    clock: { ...clock, after: (ms, job, signal) => clock.after(ms, () => void job(), signal) },
    log: silentLog(),
    signal: ending.signal,
  });
  return { desk: opened, store, sites, clock, planned, most: () => most, done: () => done, mostReading: () => mostReading };
}

it("plans a hundred homes that describe themselves at once a few at a time, and lets the rest of the process have its turns", async () => {
  const room = await desk(100);
  for (const site of room.sites) room.desk.onResource(site);
  await room.clock.advance(10_000);
  let turns = 0;
  while (room.done() < room.sites.length) {
    await turn();
    turns++;
  }
  expect(new Set(room.planned).size).toBe(100);
  expect(room.most()).toBeLessThanOrEqual(16);
  // Without a turn between them nothing would be read, stored or receipted until the last one is planned.
  expect(turns).toBeGreaterThanOrEqual(100 / 16);
});

it("does so too where descriptions come while all are planned", async () => {
  const room = await desk(100);
  for (const site of room.sites) room.desk.onResource(site);
  const all = room.desk.planAll();
  await room.clock.advance(10_000);
  await all;
  await until("each was planned twice", () => room.done() >= 200, 30_000);
  expect(room.most()).toBeLessThanOrEqual(16);
});

it("tells hundreds of homes of an operator's reduction some at a time, with turns for the rest of the process", async () => {
  const room = await desk(300);
  await room.store.addWord({
    word: "reduce",
    scope: { kind: "all" },
    atMs: midnightMs,
    untilMs: midnightMs + 3_600_000,
    limitW: null,
  });
  let turns = 0;
  let isDone = false;
  const following = room.desk.followOperators().then(() => (isDone = true));
  for (; !isDone; turns++) await turn();
  await following;
  expect(new Set(room.planned).size).toBe(300);
  expect(room.mostReading()).toBeLessThanOrEqual(64);
  expect(turns).toBeGreaterThanOrEqual(300 / 64);
});
