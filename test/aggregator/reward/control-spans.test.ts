import fc from "fast-check";
import { expect, it } from "vitest";
import { controlSpans } from "../../../aggregator/reward/control-spans.ts";
import { quarterMs } from "../rows.ts";
import { at, listOf, pump, span, tank } from "./lists.ts";

const basis = { deliveredWh: 0, nowMs: at(0), slotMs: quarterMs };

it("sees no control where a list has an appliance do what it would do by itself", () => {
  // The window is open: 6 kWh at 2 kW take three hours from now on.
  expect(controlSpans(tank, listOf("boiler", 1, [0, 12, "on"], [12, 40, "off"]), basis)).toEqual([]);
  // What is given already is not wanted again.
  const half = { ...basis, deliveredWh: 3000 };
  expect(controlSpans(tank, listOf("boiler", 1, [0, 6, "on"], [6, 40, "off"]), half)).toEqual([]);
  expect(controlSpans(tank, listOf("boiler", 1, [0, 40, "off"]), { ...basis, deliveredWh: 6000 })).toEqual([]);
  expect(controlSpans(tank, listOf("boiler", 1), basis)).toEqual([]);
  expect(controlSpans(pump, listOf("pump", 1, [0, 96, "on"]), basis)).toEqual([]);
});

it("takes the rest of a demand window for the span of what is moved within it", () => {
  expect(controlSpans(tank, listOf("boiler", 1, [0, 8, "off"], [8, 20, "on"]), basis)).toEqual([span(0, 26)]);
  // From the next metering slot on.
  const late = { ...basis, nowMs: at(1) + 1 };
  expect(controlSpans(tank, listOf("boiler", 1, [1, 8, "off"], [8, 20, "on"]), late)).toEqual([span(2, 26)]);
  // The one of the evening that comes, of which the list tells the beginning only.
  expect(controlSpans(tank, listOf("boiler", 1, [0, 12, "on"], [12, 96, "off"]), basis)).toEqual([span(84, 122)]);
});

it("takes a block, and as much time after it, for the span of what a thermostat makes up for", () => {
  expect(controlSpans(pump, listOf("pump", 1, [4, 8, "off"], [8, 40, "on"]), basis)).toEqual([span(4, 12)]);
  // Half an hour is the least that it must be free; two blocks do not share a slot.
  expect(controlSpans(pump, listOf("pump", 1, [4, 5, "off"]), basis)).toEqual([span(4, 7)]);
  expect(controlSpans(pump, listOf("pump", 1, [4, 10, "off"], [10, 12, "on"], [12, 14, "off"]), basis)).toEqual([
    span(4, 12),
    span(12, 16),
  ]);
});

it("gives whole slots, in order, that do not overlap and have not begun, for any list", () => {
  const parts = fc.array(fc.tuple(fc.integer({ min: 1, max: 12 }), fc.constantFrom("on" as const, "off" as const)), {
    maxLength: 12,
  });
  const late = fc.integer({ min: 0, max: 10 * quarterMs });
  fc.assert(
    fc.property(parts, late, fc.nat(7000), fc.constantFrom(tank, pump), (lengths, lateMs, deliveredWh, resource) => {
      let from = 0;
      const list = listOf(resource.resource, 1, ...lengths.map(([length, mode]) => [from, (from += length), mode] as const));
      const nowMs = at(0) + lateMs;
      let reachedMs = nowMs;
      for (const { startMs, endMs } of controlSpans(resource, list, { deliveredWh, nowMs, slotMs: quarterMs })) {
        expect([startMs % quarterMs, endMs % quarterMs]).toEqual([0, 0]);
        expect(startMs).toBeGreaterThanOrEqual(reachedMs);
        expect(endMs).toBeGreaterThan(startMs);
        reachedMs = endMs;
      }
    }),
  );
});
