import { expect, it } from "vitest";
import { eventRecorder } from "../../../aggregator/reward/event-recorder.ts";
import { worth } from "../../../aggregator/reward/worth.ts";
import { priceBook } from "../../../planner/price-book.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { exampleSeries } from "../../settlement/fixture.ts";
import { statusOf } from "../plans.ts";
import { message, midnightMs, scratchStore, slotItem } from "../rows.ts";
import { at, listOf, pump, span, tank } from "./lists.ts";

const agreement = `0x${"7e".repeat(32)}`;

/** A recorder over a real store; a home with a tank and a pump that takes what it is told, unless a test says otherwise. */
async function room() {
  const { store } = await scratchStore();
  const prices = priceBook([exampleSeries()]);
  const recorder = eventRecorder({
    store,
    worth: worth({ prices, feeders: [], store, slotMinutes: 15 }),
    slotMinutes: 15,
    log: silentLog(),
  });
  for (const resource of [tank, pump]) await store.saveResource("a", resource);
  const give = async (quarter: number, list: ReturnType<typeof listOf>, answer: "ACCEPTED" | "REJECTED" | null = "ACCEPTED") => {
    const changes = await recorder.given("a", [{ ...list, agreement }], at(quarter));
    await store.savePlans("a", [list], at(quarter), undefined, changes);
    if (answer) await store.answerPlan("a", list.plan, answer, null);
  };
  const spans = async () =>
    (await store.events("a", 0, 1e15)).map(({ plan, resource, startMs, endMs }) => ({
      plan: Number(plan.slice(-3)),
      resource,
      startMs,
      endMs,
    }));
  return { store, give, spans };
}

it("keeps what is controlled with plan, contract, meter and baseline, and fixes what it is worth before it begins", async () => {
  const { store, give } = await room();
  await give(0, listOf("boiler", 1, [0, 8, "off"], [8, 20, "on"]));
  expect(await store.events("a", 0, 1e15)).toEqual([
    {
      site: "a",
      plan: "00000000-0000-4000-8000-000000000001",
      resource: "boiler",
      agreement,
      meter: "tank-meter",
      baseline: "charge_now",
      ...span(0, 26),
      powerW: 2000,
      overridden: false,
      excused: false,
    },
  ]);
  const frozen = await store.frozenPrices(at(0), at(26));
  expect(frozen.length).toBe(26);
  expect(frozen[3]).toEqual({ ...span(3, 4), perKwh: BigInt(exampleSeries().importPerKwh[3] ?? "") });
});

it("a new plan for the same window goes on with its event; one that has not begun is taken back", async () => {
  const { give, spans } = await room();
  await give(0, listOf("boiler", 1, [0, 8, "off"], [8, 20, "on"], [20, 96, "off"]));
  expect(await spans()).toEqual([
    { plan: 1, resource: "boiler", ...span(0, 26) },
    { plan: 1, resource: "boiler", ...span(84, 122) },
  ]);
  await give(4, listOf("boiler", 2, [4, 12, "off"], [12, 24, "on"], [24, 84, "off"]));
  expect(await spans()).toEqual([{ plan: 1, resource: "boiler", ...span(0, 26) }]);
  // From now on it does what it would do by itself, but what was moved was moved.
  await give(8, listOf("boiler", 3, [8, 20, "on"], [20, 84, "off"]));
  expect(await spans()).toEqual([{ plan: 1, resource: "boiler", ...span(0, 26) }]);
});

it("ends an event where control is given back", async () => {
  const { give, spans } = await room();
  await give(0, listOf("boiler", 1, [0, 8, "off"], [8, 20, "on"]));
  await give(6, listOf("boiler", 2));
  expect(await spans()).toEqual([{ plan: 1, resource: "boiler", ...span(0, 6) }]);
});

it("a block that is moved, made longer or let go moves its event", async () => {
  const { give, spans } = await room();
  await give(0, listOf("pump", 1, [8, 12, "off"]));
  await give(4, listOf("pump", 2, [6, 10, "off"]));
  expect(await spans()).toEqual([{ plan: 2, resource: "pump", ...span(6, 14) }]);
  await give(8, listOf("pump", 3, [8, 11, "off"]));
  expect(await spans()).toEqual([{ plan: 2, resource: "pump", ...span(6, 14) }]);
  // Held off from 6 to 9: made up for until 12.
  await give(9, listOf("pump", 4, [9, 40, "on"]));
  expect(await spans()).toEqual([{ plan: 2, resource: "pump", ...span(6, 12) }]);
});

it("begins anew where the resident had taken over, or the home had not taken the plan", async () => {
  const { store, give, spans } = await room();
  await give(0, listOf("boiler", 1, [0, 8, "off"], [8, 20, "on"]));
  await store.overrideEvents("a", "boiler", at(2));
  await give(4, listOf("boiler", 2, [4, 12, "off"], [12, 24, "on"]), null);
  await give(6, listOf("boiler", 3, [6, 12, "off"], [12, 24, "on"]));
  expect((await spans()).filter(({ plan }) => plan !== 1)).toEqual([
    { plan: 2, resource: "boiler", ...span(4, 6) },
    { plan: 3, resource: "boiler", ...span(6, 26) },
  ]);
});

it("goes by what was delivered already", async () => {
  const { store, give, spans } = await room();
  await store.saveStatus("a", statusOf("boiler", 6000));
  await give(1, listOf("boiler", 1, [1, 26, "off"]));
  expect(await spans()).toEqual([]);
});

it("without a meter of its own the house counts, one event at a time", async () => {
  const { store, give } = await room();
  for (const { meter: _, ...plain } of [tank, pump]) await store.saveResource("a", plain);
  await give(0, listOf("boiler", 1, [0, 8, "off"], [8, 20, "on"]));
  // Nobody knows the name of its meter yet.
  expect(await store.events("a", 0, 1e15)).toEqual([]);
  await store.ingest("a", message([slotItem(1, -1, 100)]));
  await give(1, listOf("boiler", 2, [1, 8, "off"], [8, 20, "on"]));
  await give(1, listOf("pump", 3, [24, 28, "off"]));
  expect(await store.events("a", 0, 1e15)).toMatchObject([
    { resource: "boiler", meter: "grid", baseline: "ten_of_ten", powerW: null, ...span(1, 26) },
    { resource: "pump", meter: "grid", baseline: "ten_of_ten", ...span(26, 32) },
  ]);
});

it("records nothing of a home without a contract", async () => {
  const { store } = await room();
  const recorder = eventRecorder({
    store,
    worth: { freeze: async () => undefined },
    slotMinutes: 15,
    log: silentLog(),
  });
  await recorder.given("a", [listOf("boiler", 1, [0, 8, "off"])], midnightMs);
  expect(await store.events("a", 0, 1e15)).toEqual([]);
});
