import { expect, it } from "vitest";
import { plausibleResource } from "../../../aggregator/optimise/plausible-resource.ts";
import { implausible } from "../../../aggregator/optimise/plausible-storage.ts";
import { curtailedMode, instructedW } from "../../../aggregator/optimise/resource-modes.ts";
import { reducedLists } from "../../../aggregator/dispatch/operator-lists.ts";
import { withinControl } from "../../../aggregator/reward/within-control.ts";
import { begunSpans } from "../../../aggregator/reward/store-spans.ts";
import type { InstructionList } from "../../../core/message/instruction.ts";
import type { Resource } from "../../../core/message/resource.ts";
import { exampleSeries } from "../../settlement/fixture.ts";
import { battery, boiler, filled, roof, statusOf } from "../plans.ts";
import { message, midnightMs, quarterMs, slotItem } from "../rows.ts";
import { elm, feederDesk } from "./feeder-desk.ts";

const quarters = Array.from({ length: 96 }, (_, at) => at);
const at = (quarter: number): string => new Date(midnightMs + quarter * quarterMs).toISOString();
const flat = quarters.map(() => "300000");

const tank: Resource = {
  ...boiler,
  operationModes: [
    { id: "off", powerW: 0, fillRate: 0 },
    { id: "on", powerW: 2000, fillRate: 8.598 },
  ],
  storage: {
    kind: "tank",
    whPerK: 232.6,
    fillLevelRange: { from: 50, to: 75 },
    leakage: { wPerK: 1.5, ambientC: 20 },
    usage: { start: at(0), stepS: 3600, values: Array.from({ length: 36 }, (_, hour) => (hour === 19 ? 2500 : 0)) },
  },
};
const pump: Resource = {
  ...boiler,
  resource: "pump",
  operationModes: [
    { id: "lock", powerW: 0, fillRate: 0 },
    { id: "normal", powerW: 2000, fillRate: 0.6 },
    { id: "recommended", powerW: 2000, fillRate: 0.6 },
  ],
  failsafeMode: "normal",
  demand: { kind: "block", maxBlockS: 7200, minFreeS: 600 },
  storage: {
    kind: "room",
    whPerK: 10_000,
    fillLevelRange: { from: 20, to: 22 },
    leakage: { wPerK: 150, outdoorC: { start: at(0), stepS: 3600, values: Array.from({ length: 36 }, () => 5) } },
  },
};

async function planned(resource: Resource, status: ReturnType<typeof statusOf>, change = {}, series = exampleSeries()) {
  const { store, desk, sent } = await feederDesk([elm(100_000, ["gw-0"], change)], ["gw-0"], { series });
  await store.saveResource("gw-0", resource);
  await store.saveStatus("gw-0", status);
  // At noon the roof feeds in 4 kW.
  for (const register of ["import", "export"] as const)
    await store.ingest(
      "gw-0",
      message(
        quarters.map((quarter) => {
          const watts = (quarter >= 44 && quarter < 56 ? -4000 : 400) * (register === "import" ? 1 : -1);
          return slotItem((register === "import" ? 0 : 500) + quarter + 1, quarter - 96, Math.max(0, watts) / 4, { register });
        }),
      ),
    );
  await desk.planAll();
  return sent.at(-1)?.list;
}
const wattsOf = (resource: Resource, list: InstructionList | undefined): number[] =>
  quarters.map((quarter) => (list && instructedW(resource, list, midnightMs + quarter * quarterMs)) ?? Number.NaN);

it("holds panels back where feeding in costs money, and lets them be else", async () => {
  const series = exampleSeries({
    importPerKwh: flat,
    exportPerKwh: quarters.map((q) => (q >= 48 && q < 52 ? "-50000" : "50000")),
  });
  const watts = wattsOf(roof, await planned(roof, filled(roof, 0), {}, series));
  expect(watts[47]).toBe(-6000);
  for (const held of watts.slice(48, 52)) expect(held).toBeCloseTo(0, 0);
  expect(watts[52]).toBe(-6000);
});

it("holds panels back for a feeder that has no room, and says nothing where it has", async () => {
  const series = exampleSeries({ importPerKwh: flat });
  const held = wattsOf(roof, await planned(roof, filled(roof, 0), { exportLimitW: 1500 }, series));
  expect(held[50]).toBeCloseTo(-1500, -1);
  expect(await planned(roof, filled(roof, 0), {}, series)).toBeUndefined();
});

it("warms a tank by its temperature in its cheapest time, before it is used", async () => {
  // Cheapest at noon, outside the window of its demand.
  const series = exampleSeries({ importPerKwh: quarters.map((q) => (q >= 48 && q < 60 ? "100000" : "300000")) });
  const watts = wattsOf(tank, await planned(tank, { ...filled(tank, 55), operationModeId: "off" }, {}, series));
  const wh = watts.map((drawn) => drawn / 4);
  const sum = (from: number, until: number): number => wh.slice(from, until).reduce((all, one) => all + one, 0);
  expect(sum(48, 60)).toBeGreaterThan(sum(0, 48) + sum(60, 96));
  // Where its temperature is not told it gets its demand, within its window.
  const blind = wattsOf(tank, await planned(tank, statusOf("boiler", 0), {}, series));
  expect(blind.slice(0, 26).reduce((all, drawn) => all + drawn / 4, 0)).toBeCloseTo(6000, -3);
  expect(Math.max(...blind.slice(48, 60))).toBe(0);
});

it("keeps a room within its comfort, and lets it be held off no longer than its lock allows", async () => {
  const series = exampleSeries({ importPerKwh: quarters.map((q) => (q >= 68 && q < 84 ? "600000" : "200000")) });
  const list = await planned(pump, { ...filled(pump, 20.5), operationModeId: "normal" }, {}, series);
  let c = 20.5;
  let locked = 0;
  for (const drawn of wattsOf(pump, list)) {
    c += ((drawn * 3 - 150 * (c - 5)) * 0.25) / 10_000;
    expect(c).toBeGreaterThan(19.8);
    expect(c).toBeLessThan(22.2);
    locked = drawn > 0 ? 0 : locked + 900;
    expect(locked).toBeLessThanOrEqual(7200);
  }
  expect(list?.instructions.some(({ operationModeId }) => operationModeId === "recommended")).toBe(true);
});

it.each<[string, Resource, string | undefined]>([
  ["a battery that can be", battery, undefined],
  ["panels that can be", roof, undefined],
  ["a tank that can be", tank, undefined],
  ["a room that can be", pump, undefined],
  ["no home's capacity", { ...battery, storage: { ...battery.storage, capacityWh: 10_000_000 } }, "capacityWh"],
  ["a battery full in a minute", { ...battery, storage: { ...battery.storage, capacityWh: 50 } }, "within minutes"],
  [
    "a battery that gives more than it took",
    {
      ...battery,
      operationModes: battery.operationModes.map((mode) => ({ ...mode, ...(mode.id === "charge" && { fillRate: 60 }) })),
    },
    "efficiency of 1.50",
  ],
  [
    "a heat pump of magic",
    { ...pump, operationModes: pump.operationModes.map((mode) => ({ ...mode, fillRate: 60 })) },
    "Wh of heat",
  ],
  ["a limit in a mode that is not there", { ...roof, curtailment: { consequence: "VANISH", limitMode: "off" } }, "limitMode"],
])("believes %s, or says by name why not", (_, resource, why) => {
  expect(implausible(resource)).toEqual(why === undefined ? undefined : expect.stringContaining(why));
  const { storage, curtailment } = plausibleResource(resource);
  const isLeft = storage !== undefined || curtailment !== undefined;
  expect(isLeft).toBe(why === undefined);
});

it("keeps a battery's efficiency where it is described as stronger than its connection", () => {
  const strong = { ...battery, maxImportW: 2000 };
  const kept = plausibleResource(strong);
  expect(kept.operationModes.find(({ id }) => id === "charge")).toMatchObject({ powerW: 2000, fillRate: 19 });
  expect(implausible(kept)).toBeUndefined();
  expect(curtailedMode(kept)).toBeUndefined();
});

const charging = (...spans: [from: number, until: number, mode: string][]): InstructionList => ({
  plan: crypto.randomUUID(),
  resource: "battery",
  instructions: spans.map(([from, until, operationModeId]) => ({
    id: crypto.randomUUID(),
    executionTime: at(from),
    validUntil: at(until),
    operationModeId,
    reason: "x",
  })),
});
const terms = (eventsPerDay: number, resources = ["battery"], hours = { from: "00:00", until: "00:00" }) => ({
  control: { resources, eventsPerDay, hours },
  timezone: "Europe/Amsterdam",
  dayStart: "00:00",
});
const basis = { resources: [battery], deliveredWh: () => 0, begun: [], nowMs: midnightMs, slotMs: quarterMs };

it("tells a battery no more often than its contract allows, only within its hours, and not at all without it", () => {
  const list = charging([4, 8, "charge"], [8, 12, "auto"], [12, 16, "discharge"]);
  const modes = (kept: InstructionList[]): string[] => kept.flatMap((one) => one.instructions.map((i) => i.operationModeId));
  expect(modes(withinControl([list], terms(2), basis).lists)).toEqual(["charge", "auto", "discharge"]);
  expect(modes(withinControl([list], terms(1), basis).lists)).not.toContain("discharge");
  expect(modes(withinControl([list], terms(2, ["battery"], { from: "01:00", until: "02:00" }), basis).lists)).toEqual(["charge"]);
  expect(withinControl([list], terms(2, ["boiler"]), basis).lists).toEqual([]);
});

it("counts what a battery was told until another list came", () => {
  const plans = [
    { list: charging([0, 8, "charge"]), atMs: midnightMs },
    { list: charging([4, 6, "auto"], [6, 10, "discharge"]), atMs: midnightMs + 4 * quarterMs },
  ];
  expect(begunSpans(battery, plans, midnightMs + 7 * quarterMs)).toEqual([
    { resource: "battery", startMs: midnightMs, endMs: midnightMs + 4 * quarterMs },
    { resource: "battery", startMs: midnightMs + 6 * quarterMs, endMs: midnightMs + 10 * quarterMs },
  ]);
});

it("leaves a battery to itself when an operator calls for less: it takes nothing from the grid then", async () => {
  const lists = await reducedLists(
    { resources: async () => [battery] },
    "gw-0",
    { nowMs: midnightMs, untilMs: midnightMs + quarterMs },
    () => crypto.randomUUID(),
  );
  expect(lists[0]?.instructions[0]).toMatchObject({ operationModeId: "auto" });
});
