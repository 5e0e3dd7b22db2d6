import fc from "fast-check";
import { expect, it } from "vitest";
import { agreedHome, agreedPart, inAgreedHours } from "../../../aggregator/reward/agreed-resources.ts";
import { beyondControl, isAgreedTime, type ControlTerms } from "../../../aggregator/reward/beyond-control.ts";
import { controlSpans } from "../../../aggregator/reward/control-spans.ts";
import { withinControl } from "../../../aggregator/reward/within-control.ts";
import type { Control } from "../../../settlement/record/agreement.ts";
import { quarterMs } from "../rows.ts";
import { at, controlOf, listOf, pump, span, tank, timezone } from "./lists.ts";

const termsOf = (change: Partial<Control> = {}): ControlTerms => ({ control: controlOf(change), timezone, dayStart: "00:00" });
const basis = { resources: [tank, pump], deliveredWh: () => 0, begun: [], nowMs: at(0), slotMs: quarterMs };
const later = listOf("boiler", 1, [0, 8, "off"], [8, 20, "on"]);

it("lets pass what the contract allows, as it is", () => {
  const lists = [later, listOf("pump", 2, [4, 8, "off"])];
  expect(withinControl(lists, termsOf(), basis)).toEqual({ lists, cut: [] });
});

it("drops what is about a resource that is not in the contract, but for what gives control back", () => {
  const release = listOf("boiler", 3);
  const { lists, cut } = withinControl(
    [later, release, listOf("pump", 2, [4, 8, "off"])],
    termsOf({ resources: ["pump"] }),
    basis,
  );
  expect(lists.map(({ plan }) => plan)).toEqual([release.plan, listOf("pump", 2).plan]);
  expect(cut).toEqual([{ resource: "boiler", ...span(0, 20), why: "the resource is not in the contract" }]);
});

it("says nothing outside the agreed hours", () => {
  const { lists } = withinControl([later], termsOf({ hours: { from: "01:00", until: "04:00" } }), basis);
  expect(
    lists[0]?.instructions.map(({ executionTime, validUntil, operationModeId }) => [executionTime, validUntil, operationModeId]),
  ).toEqual([
    [new Date(at(4)).toISOString(), new Date(at(8)).toISOString(), "off"],
    [new Date(at(8)).toISOString(), new Date(at(16)).toISOString(), "on"],
  ]);
});

it("ends a block after the longest time that the contract allows", () => {
  const terms = termsOf({ comfort: [{ resource: "pump", maxBlockS: 1800 }] });
  const { lists, cut } = withinControl([listOf("pump", 2, [4, 8, "off"], [8, 12, "on"])], terms, basis);
  expect(controlSpans(pump, lists[0] ?? later, { ...basis, deliveredWh: 0 })).toEqual([span(4, 8)]);
  expect(cut).toMatchObject([{ resource: "pump", ...span(6, 8) }]);
});

it("leaves to the home what is beyond the number of events, blocks before windows", () => {
  const lists = [listOf("pump", 2, [4, 8, "off"], [30, 34, "off"]), later];
  const two = withinControl(lists, termsOf({ eventsPerDay: 2 }), basis);
  expect(two.cut).toMatchObject([{ resource: "pump", ...span(30, 38), why: expect.stringContaining("at most 2") }]);
  expect(two.lists).toMatchObject([{ instructions: [{ executionTime: new Date(at(4)).toISOString() }] }, later]);
  const one = withinControl(lists, termsOf({ eventsPerDay: 1 }), { ...basis, begun: [{ resource: "boiler", ...span(-4, 26) }] });
  // The window's event runs since the day before: today there is one left, and then no more.
  expect(one.cut).toMatchObject([{ resource: "pump", ...span(30, 38) }]);
});

it("never lets more pass than the contract says, whatever a planner asks for", () => {
  const parts = fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom("on" as const, "off" as const)), {
    maxLength: 20,
  });
  const hours = fc.constantFrom(
    { from: "00:00", until: "00:00" },
    { from: "22:00", until: "06:00" },
    { from: "01:00", until: "05:00" },
  );
  const begun = fc.array(
    fc.tuple(fc.integer({ min: -90, max: -1 }), fc.integer({ min: 1, max: 40 })).map(([from, length]) => ({
      resource: from % 2 === 0 ? "boiler" : "pump",
      ...span(from, from + length),
    })),
    { maxLength: 3 },
  );
  const limits = fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(5 * quarterMs));
  const lines = (number: number, resource: string) =>
    parts.map((lengths) => {
      let from = 0;
      return listOf(resource, number, ...lengths.map(([length, mode]) => [from, (from += length), mode] as const));
    });
  fc.assert(
    fc.property(lines(1, "boiler"), lines(2, "pump"), hours, limits, begun, (one, other, within, [most, lateMs], past) => {
      const terms = termsOf({ hours: within, eventsPerDay: most, hoursPerDay: 12 });
      const given = { ...basis, nowMs: at(0) + lateMs };
      const { lists } = withinControl([one, other], terms, { ...given, begun: past });
      const events = lists.flatMap((list) => {
        for (const { executionTime, validUntil } of list.instructions)
          expect(isAgreedTime(terms, { startMs: Date.parse(executionTime), endMs: Date.parse(validUntil) })).toBe(true);
        const resource = list.resource === "pump" ? pump : tank;
        const spans = controlSpans(resource, list, { ...given, deliveredWh: 0 });
        return spans.map((time) => ({ resource: list.resource, ...time }));
      });
      const isRunning = (time: (typeof events)[number]): boolean =>
        past.some((run) => run.resource === time.resource && run.startMs < time.endMs && time.startMs <= run.endMs);
      const taken = [...past];
      const anyHours = { ...terms, control: { ...terms.control, hours: { from: "00:00", until: "00:00" } } };
      for (const time of events.filter((event) => !isRunning(event))) {
        expect(beyondControl(anyHours, time, taken)).toBeUndefined();
        taken.push(time);
      }
    }),
  );
});

it("a planner sees the resources of the contract only, with the comfort that it asks for", () => {
  const ahead = { begun: [], nowMs: at(0), untilMs: at(96) };
  const bounds = [
    { resource: "boiler", readyBy: "05:00" },
    { resource: "pump", maxBlockS: 600 },
  ];
  expect(agreedHome([tank, pump], termsOf({ comfort: bounds }), ahead).resources.map(({ demand }) => demand)).toEqual([
    { ...tank.demand, readyBy: "05:00" },
    { ...pump.demand, maxBlockS: 600 },
  ]);
  // Never less than the household wants by itself.
  const lax = [
    { resource: "boiler", readyBy: "12:00" },
    { resource: "pump", maxBlockS: 9000 },
  ];
  expect(agreedHome([tank, pump], termsOf({ comfort: lax }), ahead).resources).toEqual([tank, pump]);
  expect(agreedHome([tank, pump], termsOf({ resources: ["pump"] }), ahead).resources).toEqual([pump]);
  expect(agreedHome([tank, pump], null, ahead).resources).toEqual([tank, pump]);
});

it("a planner plans as often and as long as agreed, for what wants most first", () => {
  const car = { ...tank, resource: "car", demand: { ...tank.demand, energyWh: 9000 } } as typeof tank;
  const terms = termsOf({ resources: ["boiler", "car", "pump"], eventsPerDay: 1 });
  const ahead = { begun: [], nowMs: at(80), untilMs: at(130) };
  const home = agreedHome([tank, car, pump], terms, ahead);
  expect(["car", "boiler", "pump"].map((name) => home.mayControl(name, span(90, 91)))).toEqual([true, false, false]);
  const running = agreedHome([tank, car, pump], terms, {
    ...ahead,
    nowMs: at(85),
    begun: [{ resource: "boiler", ...span(84, 122) }],
  });
  expect(["car", "boiler", "pump"].map((name) => running.mayControl(name, span(90, 91)))).toEqual([false, true, false]);
});

it("windows are cut to the agreed hours", () => {
  const night = termsOf({ hours: { from: "23:00", until: "05:00" } });
  expect(inAgreedHours([tank, pump], night)).toEqual([
    { ...tank, demand: { ...tank.demand, notBefore: "23:00", readyBy: "05:00" } },
    pump,
  ]);
  expect(inAgreedHours([tank], termsOf({ hours: { from: "12:00", until: "15:00" } }))).toEqual([]);
  expect(agreedPart(span(84, 122), night)).toEqual(span(92, 116));
  expect(agreedPart(span(40, 60), night)).toBeNull();
});
