import { monitorEventLoopDelay } from "node:perf_hooks";
import { expect, it, onTestFinished } from "vitest";
import type { GroupMember, GroupRoom, GroupTask } from "../../../aggregator/optimise/group-home.ts";
import { planHere } from "../../../aggregator/optimise/plan-here.ts";
import { planningThreads } from "../../../aggregator/optimise/planning-threads.ts";
import { errorCode } from "../../../core/app-error.ts";
import { Problem } from "../../../planner/problem.ts";

const slots = 48;
/** Homes that all want the same cheap hours. */
const member = (index: number): GroupMember => ({
  seed: index,
  problem: Problem.parse({
    slot_minutes: 15,
    slots,
    import_price_per_kwh: Array.from({ length: slots }, (_, slot) => 0.2 + 0.002 * slot),
    base_load_w: 300,
    appliances: [
      { type: "deferrable", name: "boiler 0", energy_wh: 4000 + 100 * (index % 5), power_w: 2000, min_on_minutes: 30 },
    ],
  }),
});

function taskOf(homes: number, limitW: number): GroupTask {
  return {
    hours: new Float64Array(slots).fill(0.25),
    parties: Array.from({ length: homes }, (_, index) => ({ name: `home ${index}`, curtailedBeforeWh: 0 })),
    feeders: [
      {
        name: "elm",
        importLimitWh: new Float64Array(slots).fill(limitW / 4),
        exportLimitWh: new Float64Array(slots).fill(Infinity),
        members: Array.from({ length: homes }, (_, index) => index),
      },
    ],
    keepWithin: 0.01,
    prices: [],
    mostMs: 60_000,
  };
}

async function planned(room: GroupRoom, homes: number, limitW: number) {
  await using own = room;
  for (let index = 0; index < homes; index++) await own.add(member(index));
  const result = await own.plan(taskOf(homes, limitW));
  const nets: Float64Array[] = [];
  for (let index = 0; index < homes; index++) nets.push((await own.planOf(index)).gridWh);
  const peakW = Math.max(...Array.from({ length: slots }, (_, slot) => nets.reduce((sum, net) => sum + (net[slot] ?? 0), 0) * 4));
  return { money: result.money, peakW, nets, status: result.status };
}

/** Threads of the running test alone. */
function threadsOf(count: number) {
  const threads = planningThreads(count);
  onTestFinished(() => threads.close());
  return threads;
}

it("plans the same in threads as here", { timeout: 60_000 }, async () => {
  const threads = threadsOf(2);
  for (const homes of [20, 80]) {
    const limitW = homes * 1000;
    const here = await planned(
      planHere(() => performance.now()),
      homes,
      limitW,
    );
    const there = await planned(await threads.open(homes), homes, limitW);
    expect(there).toEqual(here);
    expect(here.peakW).toBeLessThanOrEqual(limitW + 1e-3);
    expect(here.status).toBe("kept");
  }
});

it("does not hold up this thread while a street of homes is planned", { timeout: 60_000 }, async () => {
  const threads = threadsOf(1);
  await planned(await threads.open(20), 20, 20_000);
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const began = performance.now();
  await planned(await threads.open(70), 70, 70_000);
  const tookMs = performance.now() - began;
  delay.disable();
  // Most of the time here is free, however busy the machine is: the median delay is that of the measuring itself.
  expect(tookMs).toBeGreaterThan(100);
  expect(delay.percentile(90) / 1e6).toBeLessThan(50);
});

it("takes groups in turn where there are fewer threads than groups", { timeout: 60_000 }, async () => {
  const threads = threadsOf(1);
  const many = await Promise.all(
    Array.from({ length: 4 }, async (_, at) => planned(await threads.open(12 + at), 12 + at, 20_000)),
  );
  expect(many.map(({ nets }) => nets.length)).toEqual([12, 13, 14, 15]);
});

it("says what is wrong with a home, and plans the next group in the same thread", { timeout: 60_000 }, async () => {
  const threads = threadsOf(1);
  {
    await using room = await threads.open(1);
    const good = member(0);
    await room.add({ ...good, problem: { ...good.problem, slots: 7 } });
    expect(await room.plan(taskOf(1, 1000)).catch(errorCode)).toBe("plan-bad-length");
  }
  expect((await planned(await threads.open(12), 12, 20_000)).status).toBe("kept");
});

it("fails what is under way when it is closed, and what comes later", { timeout: 60_000 }, async () => {
  const threads = threadsOf(1);
  const room = await threads.open(40);
  for (let index = 0; index < 40; index++) await room.add(member(index));
  const outcome = room.plan(taskOf(40, 40_000)).catch(errorCode);
  const queued = threads.open(2).catch(errorCode);
  await threads.close();
  expect([await outcome, await queued, await threads.open(2).catch(errorCode)]).toEqual(Array(3).fill("planning-thread-ended"));
});

it("takes another thread where one ends before it has begun", { timeout: 60_000 }, async () => {
  const threads = threadsOf(1);
  process.once("worker", (worker) => void worker.terminate());
  expect(await threads.open(2).catch(errorCode)).toBe("planning-thread-ended");
  expect((await planned(await threads.open(12), 12, 20_000)).status).toBe("kept");
});
