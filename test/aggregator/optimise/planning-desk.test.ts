import { expect, it } from "vitest";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import { scratchStore } from "../rows.ts";
import { boiler, statusOf } from "../plans.ts";
import { describeHomes, elm, feederDesk, homesOf, togetherW } from "./feeder-desk.ts";

const minuteMs = 60_000;

/** A feeder whose homes have heard their plans. */
async function planned(change: (store: AggregatorStore) => Partial<AggregatorStore> = () => ({})) {
  const sites = homesOf(2);
  const { store } = await scratchStore();
  const room = await feederDesk([elm(9000, sites)], sites, { store: { ...store, ...change(store) } });
  await describeHomes(room.store, sites);
  for (const site of sites) await room.store.saveStatus(site, statusOf("boiler", 0));
  await room.desk.planAll();
  await room.clock.advance(minuteMs);
  room.sent.splice(0);
  return { ...room, sites };
}

it("plans the feeder once for many descriptions that come together", async () => {
  const { desk, clock, plansMade, sent } = await planned();
  for (let at = 0; at < 20; at++) desk.onResource(`gw-${at % 2}`);
  await clock.advance(9000);
  expect(plansMade()).toBe(1);
  await clock.advance(2000);
  expect(plansMade()).toBe(2);
  // They may have begun with an empty disk: they hear all, though it is the same.
  expect(sent.map(({ site }) => site).toSorted()).toEqual(["gw-0", "gw-1"]);
});

it("tells a home that has begun anew all of its plan, also where the plan before could not be kept", async () => {
  let fails = false;
  const { desk, clock, sent, failures } = await planned((store) => ({
    savePlans: (...plan) => (fails ? Promise.reject(new Error("disk full")) : store.savePlans(...plan)),
  }));
  fails = true;
  desk.onResource("gw-0");
  await clock.advance(11_000);
  expect([failures.length > 0, sent]).toEqual([true, []]);
  fails = false;
  await desk.planAll();
  await clock.advance(minuteMs);
  expect(sent.map(({ site }) => site)).toEqual(["gw-0"]);
});

it("plans anew when a resident's word begins and when it ends, and not while it lasts", async () => {
  const { desk, clock, plansMade } = await planned();
  const until = new Date(clock.now() + 60 * minuteMs).toISOString();
  const boosted = { ...statusOf("boiler", 0), override: { cause: "user" as const, mode: "boost" as const, until } };
  await desk.onStatus("gw-0", boosted);
  await clock.advance(minuteMs);
  expect(plansMade()).toBe(2);
  await desk.onStatus("gw-0", boosted);
  await clock.advance(minuteMs);
  expect(plansMade()).toBe(2);
  await desk.onStatus("gw-0", statusOf("boiler", 0));
  await clock.advance(minuteMs);
  expect(plansMade()).toBe(3);
});

it("plans anew when much less is delivered than planned, and a home that rejects everything is no loop", async () => {
  const { desk, clock, plansMade, store, sent } = await planned();
  // 2 kW at the cheapest time, which is now; after an hour 2 kWh are planned.
  const [{ list } = expect.fail()] = await store.plans("gw-0");
  expect(list.instructions[0]?.operationModeId).toBe("on");
  const status = (afterMinutes: number, wh: number) => ({
    ...statusOf("boiler", wh),
    at: new Date(Date.parse(statusOf("boiler", 0).at) + afterMinutes * minuteMs).toISOString(),
  });
  await clock.advance(59 * minuteMs);
  await desk.onStatus("gw-0", status(60, 1900));
  await clock.advance(minuteMs);
  expect(plansMade()).toBe(1);
  await clock.advance(9 * minuteMs);
  await desk.onStatus("gw-0", status(70, 100));
  await clock.advance(minuteMs);
  expect(plansMade()).toBe(2);
  const ack = { v: 1, plan: list.plan, resource: "boiler", status: "REJECTED", at: boiler.timezone } as const;
  for (let at = 0; at < 30; at++) {
    desk.onAnswer("gw-0", ack);
    await clock.advance(minuteMs);
  }
  expect(plansMade()).toBe(4);
  expect(sent.length).toBeLessThanOrEqual(6);
});

it("plans anew when a device goes and when it is back, and around what it was told", async () => {
  const { desk, clock, plansMade, store, sent } = await planned();
  const broken = { ...statusOf("boiler", 0), alarm: "relay does not follow" };
  await store.saveStatus("gw-0", broken);
  await desk.onStatus("gw-0", broken);
  await clock.advance(minuteMs);
  expect([plansMade(), sent.filter(({ site }) => site === "gw-0")]).toEqual([2, []]);
  await store.saveStatus("gw-0", statusOf("boiler", 0));
  await desk.onStatus("gw-0", statusOf("boiler", 0));
  await clock.advance(minuteMs);
  expect(plansMade()).toBe(3);
});

it("waits for a home that has lost its connection, then plans around what it was told, and plans it when it is back", async () => {
  const { desk, clock, plansMade, store, sites, sent } = await planned();
  desk.onState("gw-0", "lost");
  await clock.advance(2 * minuteMs);
  desk.onState("gw-0", "ready");
  await clock.advance(10 * minuteMs);
  expect(plansMade()).toBe(1);
  desk.onState("gw-0", "lost");
  desk.onState("gw-0", "disconnected");
  await clock.advance(6 * minuteMs);
  expect(plansMade()).toBe(2);
  // Its heater runs on as it was told; the feeder has room for the other one beside it, and hears nothing new.
  expect(Math.max(...(await togetherW(store, sites, 26)))).toBeLessThanOrEqual(9000);
  expect(sent.map(({ site }) => site)).not.toContain("gw-0");
  desk.onState("gw-0", "ready");
  await clock.advance(minuteMs);
  expect(plansMade()).toBe(3);
});

it("asks nothing of an appliance that rejects everything, for some hours, and leaves room for what it draws by itself", async () => {
  const sites = homesOf(3);
  // Room for one heater beside the houses.
  const room = await feederDesk([elm(3400, sites)], sites);
  const { store, desk, clock, sent } = room;
  await describeHomes(store, sites);
  await desk.planAll();
  await clock.advance(minuteMs);
  const reject = (): void =>
    desk.onAnswer("gw-0", {
      v: 1,
      plan: crypto.randomUUID(),
      resource: "boiler",
      status: "REJECTED",
      at: "2026-03-02T00:00:00Z",
    });
  for (let times = 0; times < 3; times++) reject();
  sent.splice(0);
  await clock.advance(minuteMs);
  expect(sent.map(({ site }) => site)).not.toContain("gw-0");
  // By itself it heats from the start of the window, which is now, for three hours.
  const others = await togetherW(store, ["gw-1", "gw-2"], 26, 0);
  expect(others.slice(1, 12).every((watts) => watts === 0)).toBe(true);
  await clock.advance(6 * 60 * minuteMs);
  await store.answerPlan("gw-0", (await store.plans("gw-0"))[0]?.list.plan ?? "", "REJECTED", "x");
  await desk.planAll();
  await clock.advance(minuteMs);
  expect(sent.map(({ site }) => site)).toContain("gw-0");
});
