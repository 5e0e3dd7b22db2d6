import { expect, it } from "vitest";
import { instructedW } from "../../../aggregator/optimise/resource-modes.ts";
import type { Resource } from "../../../core/message/resource.ts";
import { exampleSeries } from "../../settlement/fixture.ts";
import { boiler, statusOf } from "../plans.ts";
import { message, midnightMs, quarterMs, slotItem } from "../rows.ts";
import { feederDesk, homesOf, type Sent } from "./feeder-desk.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const quarters = Array.from({ length: 96 }, (_, at) => at);

/** A home on no feeder, by prices that are cheapest at midnight and dearer each quarter of an hour. */
const lone = (given = {}) => feederDesk([], ["gw-0"], given);

const onQuarters = ({ list }: Sent, resource: Resource = boiler): number[] =>
  quarters.filter((quarter) => (instructedW(resource, list, midnightMs + quarter * quarterMs) ?? 0) > 0);

it("plans the cheapest hours before the deadline", async () => {
  const { store, sent, desk, log } = await lone();
  await store.saveResource("gw-0", boiler);
  await desk.planAll();
  const [list = expect.fail()] = sent;
  // 6 kWh by half past six at 2 kW: the three cheapest hours are the first. Tomorrow's window opens at 21:00.
  expect(onQuarters(list).slice(0, 12)).toEqual(quarters.slice(0, 12));
  expect(onQuarters(list)[12] ?? 84).toBeGreaterThanOrEqual(84);
  expect(log.lines.filter(({ level }) => level !== "debug")).toEqual([]);
});

it("plans no further than prices reach, and nothing without prices or without appliances", async () => {
  const { store, clock, sent, desk } = await lone();
  await desk.planAll();
  expect(sent).toEqual([]);
  await store.saveResource("gw-0", { ...boiler, demand: { kind: "block", maxBlockS: 3600, minFreeS: 3600 } });
  await desk.planAll();
  const ends = sent.flatMap(({ list }) => list.instructions.map(({ validUntil }) => Date.parse(validUntil)));
  expect(ends.length).toBeGreaterThan(0);
  expect(Math.max(...ends)).toBeLessThanOrEqual(midnightMs + dayMs);
  sent.splice(0);
  await clock.advance(dayMs);
  await desk.planAll();
  expect(sent).toEqual([]);
});

it("counts what the home has already given", async () => {
  const { store, sent, desk } = await lone();
  await store.saveResource("gw-0", boiler);
  await store.saveStatus("gw-0", statusOf("boiler", 5000));
  await desk.planAll();
  expect(onQuarters(sent[0] ?? expect.fail()).filter((quarter) => quarter < 24)).toEqual([0, 1]);
});

it("leaves room for what the house drew at the same time yesterday", async () => {
  const { store, sent, desk } = await lone();
  await store.saveResource("gw-0", { ...boiler, maxImportW: 4000 });
  // 3 kW in the first hour of yesterday: 2 kW more would not fit, an hour later it would.
  await store.ingest("gw-0", message(quarters.map((at) => slotItem(at + 1, at - 96, at < 4 ? 750 : 100))));
  await desk.planAll();
  expect(onQuarters(sent[0] ?? expect.fail())[0]).toBe(4);
});

it("uses the sun on its own roof where that is worth more than the cheapest hours", async () => {
  // Feeding in earns a tenth of the cheapest price.
  const wallbox: Resource = {
    ...boiler,
    resource: "car",
    demand: { kind: "energy", energyWh: 6000, notBefore: "00:00", readyBy: "20:00" },
  };
  const { store, sent, desk } = await lone({ series: exampleSeries() });
  await store.saveResource("gw-0", wallbox);
  for (const register of ["import", "export"] as const)
    await store.ingest(
      "gw-0",
      message(
        quarters.map((at) => {
          const sunny = at >= 40 && at < 56;
          const wh = register === "export" ? (sunny ? 750 : 0) : sunny ? 0 : 100;
          return { ...slotItem((register === "export" ? 96 : 0) + at + 1, at - 96, wh), register };
        }),
      ),
    );
  await desk.planAll();
  expect(onQuarters(sent[0] ?? expect.fail(), wallbox).filter((quarter) => quarter >= 40 && quarter < 56)).toHaveLength(12);
});

it("says once when a demand does not fit before its deadline", async () => {
  const { store, desk, log } = await lone();
  await store.saveResource("gw-0", {
    ...boiler,
    demand: { kind: "energy", energyWh: 60_000, notBefore: "21:00", readyBy: "06:30" },
  });
  await desk.planAll();
  await desk.planAll();
  const told = log.lines.filter(({ message: words }) => words === "demand does not fit before its deadline");
  // From midnight until half past six 2 kW give 13 kWh.
  expect(told.map(({ fields }) => fields)).toEqual([
    { site: "gw-0", resource: "boiler", ready: "2026-03-02T05:30:00.000Z", missingWh: 47_000 },
  ]);
});

it("keeps the plans of all appliances when the broker is away, and sends them all later, until they are answered", async () => {
  const { store, sent, desk, state, failures } = await lone();
  for (const resource of ["boiler", "car", "pump"]) await store.saveResource("gw-0", { ...boiler, resource });
  Object.assign(state, { online: false, answers: null });
  await desk.planAll();
  expect([sent, failures]).toMatchObject([[], [{ code: "mqtt-offline" }]]);
  state.online = true;
  await desk.resend("gw-0");
  expect(sent.map(({ list }) => list.resource).toSorted()).toEqual(["boiler", "car", "pump"]);
  await desk.resend("gw-0");
  expect(sent).toHaveLength(6);
  for (const { list } of sent.slice(0, 3)) await store.answerPlan("gw-0", list.plan, "ACCEPTED", null);
  await desk.resend("gw-0");
  expect(sent).toHaveLength(6);
});

it("plans many of them in threads, and each of them alike", { timeout: 60_000 }, async () => {
  const sites = homesOf(13);
  const here = await feederDesk([], sites);
  const threads = await feederDesk([], sites, { threads: 2 });
  for (const { store, desk } of [here, threads]) {
    for (const site of sites) await store.saveResource(site, boiler);
    await desk.planAll();
  }
  const plans = ({ sent }: typeof here) =>
    new Map(sent.map((one) => [one.site, one.list.instructions.map(({ id: _, ...rest }) => rest)]));
  expect(plans(threads)).toEqual(plans(here));
  expect(plans(here).size).toBe(13);
});
