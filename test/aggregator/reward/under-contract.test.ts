import { expect, it } from "vitest";
import { eventRecorder } from "../../../aggregator/reward/event-recorder.ts";
import { contracts } from "../../../aggregator/reward/under-contract.ts";
import { worth } from "../../../aggregator/reward/worth.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import { priceBook } from "../../../planner/price-book.ts";
import type { Control } from "../../../settlement/record/agreement.ts";
import { agreementHash } from "../../../settlement/record/sign-agreement.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { exampleAgreement, exampleSeries } from "../../settlement/fixture.ts";
import { describeHomes, elm, feederDesk, homesOf } from "../optimise/feeder-desk.ts";
import { statusOf } from "../plans.ts";
import { midnightMs, quarterMs } from "../rows.ts";
import { at, controlOf, pump, span } from "./lists.ts";

const domain = { chainId: 31_337, contract: `0x${"5e".repeat(20)}` };
const agreementOf = (control: Control) =>
  exampleAgreement(domain, { reward: { kind: "flexibility", share: 750, paidAs: "money", control } });

/** Contracts of homes by their limits of control, over the desk's own store. */
const agreed = (limits: Record<string, Control>) => (store: AggregatorStore) =>
  contracts({
    agreements: new Map(Object.entries(limits).map(([site, control]) => [site, { agreement: agreementOf(control) }])),
    store,
    recorder: eventRecorder({
      store,
      worth: worth({ prices: priceBook([exampleSeries()]), feeders: [], store, slotMinutes: 15 }),
      slotMinutes: 15,
      log: silentLog(),
    }),
    slotMinutes: 15,
    log: silentLog(),
  });

/** Two homes on a feeder with room for one of their water heaters at a time, planned at midnight. */
async function planned(limits: Record<string, Control>) {
  const sites = homesOf(2);
  const room = await feederDesk([elm(3200, sites)], sites, { contracts: agreed(limits) });
  await describeHomes(room.store, sites);
  for (const site of sites) await room.store.saveStatus(site, statusOf("boiler", 0));
  await room.desk.planAll();
  await room.clock.advance(60_000);
  return room;
}

it("what a plan controls is an event under the contract that the list names, and what it leaves alone is none", async () => {
  const { store, sent } = await planned({ "gw-0": controlOf(), "gw-1": controlOf() });
  const spans = await Promise.all(homesOf(2).map((site) => store.events(site, midnightMs, at(26))));
  // One of them is on at once, as it would be by itself; the other one waits for it.
  expect(spans.map((events) => events.length).toSorted((one, other) => one - other)).toEqual([0, 1]);
  const [event] = spans.flat();
  const list = sent.find(({ site }) => site === event?.site)?.list;
  expect(event).toMatchObject({ resource: "boiler", agreement: agreementHash(agreementOf(controlOf())), ...span(0, 26) });
  expect([list?.plan, list?.agreement]).toEqual([event?.plan, event?.agreement]);
  expect((await store.frozenPrices(at(0), at(26))).length).toBe(26);
});

it("a resource that is not in the contract is neither planned nor told anything", async () => {
  const { sent, store } = await planned({ "gw-0": controlOf({ resources: ["pump"] }), "gw-1": controlOf() });
  expect(sent.map(({ site }) => site)).toEqual(["gw-1"]);
  expect(await store.events("gw-0", 0, 1e15)).toEqual([]);
});

it("plans and tells within the agreed hours only", async () => {
  // In the cheapest hours, which are the first, nobody may control it.
  const { sent, store } = await planned({
    "gw-0": controlOf({ hours: { from: "02:00", until: "05:00" } }),
    "gw-1": controlOf({ resources: ["pump"] }),
  });
  const told = sent.flatMap(({ list }) => list.instructions);
  expect(told.length).toBeGreaterThan(0);
  for (const { executionTime, validUntil } of told) {
    const hours = [executionTime, validUntil].map((time) => ((Date.parse(time) - midnightMs) / (4 * quarterMs)) % 24);
    expect(hours[0]).toBeGreaterThanOrEqual(2);
    expect(hours[1]).toBeLessThanOrEqual(5);
  }
  const on = sent.flatMap(({ list }) => list.instructions.filter(({ operationModeId }) => operationModeId === "on"));
  // All that it wants is planned there.
  const wh = on.reduce(
    (sum, { executionTime, validUntil }) => sum + (2000 * (Date.parse(validUntil) - Date.parse(executionTime))) / 3_600_000,
    0,
  );
  expect(wh).toBeGreaterThanOrEqual(6000);
  expect((await store.events("gw-0", 0, 1e15)).every(({ agreement }) => agreement !== "")).toBe(true);
});

it("leaves a day's second event to the home, and holds a reduction to the contract, too", async () => {
  const sites = homesOf(1);
  const limits = { "gw-0": controlOf({ eventsPerDay: 1, resources: ["boiler", "pump"] }) };
  const { store, desk, clock, sent } = await feederDesk([elm(900, sites)], sites, { contracts: agreed(limits) });
  await describeHomes(store, sites);
  await store.saveResource("gw-0", pump);
  await store.saveStatus("gw-0", statusOf("boiler", 0));
  await store.saveStatus("gw-0", statusOf("pump", 0));
  await desk.planAll();
  await clock.advance(60_000);
  const today = (await store.events("gw-0", midnightMs, at(96))).filter(({ startMs }) => startMs < at(96));
  expect(today.length).toBeLessThanOrEqual(1);
  sent.splice(0);
  const words = agreed({ "gw-0": controlOf({ resources: ["pump"] }) })(store);
  const reduce = { plan: "00000000-0000-4000-8000-0000000000aa", resource: "boiler", instructions: [] };
  const off = {
    ...reduce,
    plan: "00000000-0000-4000-8000-0000000000ab",
    instructions: [
      {
        id: "00000000-0000-4000-8000-0000000000ac",
        executionTime: new Date(at(1)).toISOString(),
        validUntil: new Date(at(2)).toISOString(),
        operationModeId: "off",
        reason: "reduction by the operator",
      },
    ],
  };
  expect(await words.underContract("gw-0", [off], clock.now())).toEqual([]);
  expect((await words.underContract("gw-0", [reduce], clock.now())).map(({ plan }) => plan)).toEqual([reduce.plan]);
});
