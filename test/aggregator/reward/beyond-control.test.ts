import { expect, it } from "vitest";
import { beyondControl } from "../../../aggregator/reward/beyond-control.ts";

const timezone = "Europe/Amsterdam";
const control = { resources: ["boiler", "car"], hours: { from: "22:00", until: "06:00" }, eventsPerDay: 2 };
const night = { control, timezone, dayStart: "00:00" };
/** Local times of 2 and 3 March 2026, an hour ahead of UTC. */
const at = (text: string): number => Date.parse(`2026-03-${text}:00+01:00`);
/** So many events of the day before that began late, and of each day that spans are of. */
const began = (count: number) =>
  Array.from({ length: count }, () => [wanted("02T00:30", "02T01:00"), wanted("03T00:30", "03T01:00")]).flat();
const wanted = (from: string, to: string, resource = "car") => ({ resource, startMs: at(from), endMs: at(to) });

it("allows what lies within the agreed limits, over midnight too", () => {
  for (const span of [wanted("02T22:00", "03T06:00"), wanted("02T23:30", "03T00:30"), wanted("03T05:45", "03T06:00", "boiler")])
    expect(beyondControl(night, span, began(1))).toBeUndefined();
  const always = { ...night, control: { ...control, hours: { from: "00:00", until: "00:00" } } };
  expect(beyondControl(always, wanted("02T05:00", "03T09:00"), [])).toBeUndefined();
});

it("counts the events and the hours of the service day that a span begins on, and of no other", () => {
  const short = { ...night, control: { ...control, hours: { from: "00:00", until: "00:00" }, hoursPerDay: 3 } };
  const first = wanted("02T20:00", "02T22:00");
  expect(beyondControl(short, wanted("02T22:00", "02T23:00", "boiler"), [first])).toBeUndefined();
  expect(beyondControl(short, wanted("02T22:00", "02T23:15", "boiler"), [first])).toContain("at most 3 h");
  expect(beyondControl(short, wanted("03T00:00", "03T03:00"), [first, first])).toBeUndefined();
  const noon = { ...short, dayStart: "12:00" };
  expect(beyondControl(noon, wanted("03T00:00", "03T03:00"), [first])).toContain("at most 3 h");
});

it.each([
  ["another resource", wanted("02T23:00", "03T01:00", "heatpump"), 0, "heatpump"],
  ["one event too many", wanted("02T23:00", "03T01:00"), 2, "at most 2"],
  ["a minute early", wanted("02T21:59", "02T23:00"), 0, "22:00"],
  ["a minute long", wanted("03T05:00", "03T06:01"), 0, "06:00"],
  ["the day between", wanted("02T12:00", "02T13:00"), 0, "22:00"],
  ["a whole day", wanted("02T23:00", "03T23:00"), 0, "06:00"],
] as const)("names what goes beyond: %s", (_, span, begun, says) => {
  expect(beyondControl(night, span, began(begun))).toContain(says);
});
