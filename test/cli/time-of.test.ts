import { expect, it } from "vitest";
import { iso } from "../../core/clock/clock.ts";
import { timeOf } from "../../cli/time-of.ts";

const noon = Date.parse("2026-12-27T11:00:00Z");

it.each<[string, string, string | null]>([
  ["a time of today on the house's clocks", "18:00", "2026-12-27T17:00:00.000Z"],
  ["a time that is over today, tomorrow", "07:30", "2026-12-28T06:30:00.000Z"],
  ["a day and a time, on the house's clocks too", "2026-12-28T07:00", "2026-12-28T06:00:00.000Z"],
  ["a day and a time in summer", "2026-07-01T07:00", "2026-07-01T05:00:00.000Z"],
  ["an instant", "2026-12-28T07:00:00Z", "2026-12-28T07:00:00.000Z"],
  ["an instant that says its zone", "2026-12-28T07:00+05:30", "2026-12-28T01:30:00.000Z"],
  ["no time of the day", "24:00", null],
  ["a day without a time", "2026-12-28", null],
  ["a day that is not in the calendar", "2026-02-30T07:00", null],
  ["a word", "noon", null],
])("%s", (_, text, instant) => {
  const at = timeOf(text, "Europe/Amsterdam", noon);
  expect(at === undefined ? null : iso(at)).toBe(instant);
});
