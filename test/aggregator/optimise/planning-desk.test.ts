import { expect, it } from "vitest";
import { boiler, statusOf } from "../plans.ts";
import { describeHomes, elm, feederDesk, homesOf } from "./feeder-desk.ts";

const minuteMs = 60_000;

/** A feeder whose homes have heard their plans. */
async function planned() {
  const sites = homesOf(2);
  const room = await feederDesk([elm(9000, sites)], sites);
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
  await desk.onStatus("gw-0", status(60, 1900));
  await clock.advance(minuteMs);
  expect(plansMade()).toBe(1);
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
