import fc from "fast-check";
import { expect, it } from "vitest";
import { leases } from "../../../aggregator/share/leases.ts";
import { shards } from "../../../aggregator/share/shards.ts";
import type { LeaseStore } from "../../../aggregator/store/lease-store.ts";
import { errorCode } from "../../../core/app-error.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { planOf } from "../plans.ts";
import { scratchStore } from "../rows.ts";

const leaseMs = 10_000;
const tickMs = 2500;
const works = ["feeder elm", "feeder oak", "homes 0", "homes 1"];

function team(store: LeaseStore, count: number) {
  const clock = fakeClock(0);
  const gained: string[] = [];
  const workers = Array.from({ length: count }, (_, index) =>
    leases({
      store,
      worker: `w${index}`,
      works,
      leaseMs,
      onGain: (name) => gained.push(`w${index} ${name}`),
      clock,
      log: silentLog(),
    }),
  );
  /** Who holds each piece of work, as the holders see it. */
  const holders = () => works.map((name) => workers.flatMap((worker, index) => (worker.held(name) ? [`w${index}`] : [])));
  return { clock, workers, gained, holders };
}

it("gives all to the first, and half of it to a second that comes", async () => {
  const { store } = await scratchStore();
  const { clock, workers, holders } = team(store, 2);
  await workers[0]?.tick();
  expect(holders()).toEqual([["w0"], ["w0"], ["w0"], ["w0"]]);
  for (let round = 0; round < 3; round++) {
    await clock.advance(tickMs);
    for (const worker of workers) await worker.tick();
  }
  expect(workers.map((worker) => worker.names().length)).toEqual([2, 2]);
  expect(holders().every((names) => names.length === 1)).toBe(true);
});

it("takes over what a dead worker held once its lease has run out, and not before; at once where it gave it up", async () => {
  const { store } = await scratchStore();
  const { clock, workers, holders } = team(store, 3);
  await workers[0]?.tick();
  await workers[1]?.tick();
  await clock.advance(leaseMs - 1);
  await workers[1]?.tick();
  expect(holders().flat()).not.toContain("w1");
  await clock.advance(1);
  await workers[1]?.tick();
  expect(holders()).toEqual([["w1"], ["w1"], ["w1"], ["w1"]]);
  await workers[1]?.release();
  await workers[2]?.tick();
  expect(holders()).toEqual([["w2"], ["w2"], ["w2"], ["w2"]]);
});

it("stops to hold before another may take over, though the database does not answer", async () => {
  const { store } = await scratchStore();
  let away = false;
  const shaky: LeaseStore = {
    ...store,
    beatLeases: (...given) => (away ? Promise.reject(new Error("away")) : store.beatLeases(...given)),
  };
  const { clock, workers } = team(shaky, 1);
  await workers[0]?.tick();
  away = true;
  await clock.advance(leaseMs - tickMs);
  await expect(workers[0]?.tick()).rejects.toThrow("away");
  expect(workers[0]?.held("homes 0")).toBeUndefined();
  away = false;
  await workers[0]?.tick();
  expect(workers[0]?.held("homes 0")).toEqual({ name: "homes 0", token: 1 });
});

it("never lets two hold the same, whoever sleeps, wakes, comes and goes, and shares all out once they are awake", async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ kind: fc.constant("tick" as const), worker: fc.nat(2) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 6000 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("release" as const), worker: fc.nat(2) }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { store } = await scratchStore();
      const { clock, workers, holders } = team(store, 3);
      for (const one of steps) {
        if (one.kind === "wait") await clock.advance(one.ms);
        else await workers[one.worker]?.[one.kind]();
        expect(holders().filter((names) => names.length > 1)).toEqual([]);
      }
      for (let round = 0; round < 8; round++) {
        await clock.advance(tickMs);
        for (const worker of workers) await worker.tick();
      }
      expect(holders().every((names) => names.length === 1)).toBe(true);
      expect(Math.max(...workers.map((worker) => worker.names().length))).toBe(2);
    }),
    { numRuns: 15 },
  );
});

it("refuses a plan of a worker that lost its lease without knowing, and takes the one of the new holder", async () => {
  const { store } = await scratchStore();
  const { clock, workers } = team(store, 2);
  await workers[0]?.tick();
  const old = workers[0]?.held("homes 0");
  await workers[1]?.tick();
  await clock.advance(leaseMs);
  await workers[1]?.tick();
  const now = workers[1]?.held("homes 0");
  expect([old?.token, now?.token]).toEqual([1, 2]);
  const late = await store.savePlans("a", [planOf("boiler", 1)], 1, old).catch(errorCode);
  expect([late, await store.plans("a")]).toEqual(["lease-lost", []]);
  await store.savePlans("a", [planOf("boiler", 2)], 1, now);
  expect(await store.plans("a")).toMatchObject([{ list: planOf("boiler", 2) }]);
  await workers[1]?.release();
  expect(await store.savePlans("a", [planOf("boiler", 3)], 1, now).catch(errorCode)).toBe("lease-lost");
});

it("keeps for itself what one process alone may do, and forgets workers that are gone", async () => {
  const { store } = await scratchStore();
  const { clock, workers } = team(store, 2);
  expect([await workers[0]?.takeAlone("office"), await workers[1]?.takeAlone("office")]).toEqual([true, false]);
  await workers[0]?.tick();
  expect([workers[0]?.names(), await workers[1]?.takeAlone("office")]).toEqual([works, false]);
  await clock.advance(leaseMs);
  expect(await workers[1]?.takeAlone("office")).toBe(true);
  await workers[1]?.tick();
  expect((await store.leases()).map(({ name, holder }) => [name, holder])).toContainEqual(["office", "w1"]);
  expect((await store.leases()).filter(({ name }) => name === "worker w0")).toEqual([]);
});

it("parts homes so that those of one feeder, or of feeders that share a home, stay together", () => {
  const feeder = (name: string, sites: string[]) => ({ name, importLimitW: 1, day: [], timezone: "UTC", sites });
  const sites = Array.from({ length: 40 }, (_, at) => `gw-${at}`);
  const parts = shards(sites, [feeder("elm", ["gw-0", "gw-1"]), feeder("oak", ["gw-1", "gw-2"]), feeder("ash", ["gw-3"])]);
  expect(parts.get("feeder elm+oak")).toEqual(["gw-0", "gw-1", "gw-2"]);
  expect(parts.get("feeder ash")).toEqual(["gw-3"]);
  expect([...parts.values()].flat().toSorted()).toEqual(sites.toSorted());
  expect([...parts.keys()].filter((name) => name.startsWith("homes ")).length).toBeGreaterThan(4);
});
