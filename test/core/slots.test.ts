import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { lastLocalTime, nextLocalTime, slotAt, slotMinutes, slotsBetween, slotsOfLocalDay } from "../../core/slots.ts";

const zone = "Europe/Amsterdam";
const ms = (text: string): number => Date.parse(text);
const year = { min: ms("2026-01-01T00:00:00Z"), max: ms("2027-01-01T00:00:00Z") };
const instant = fc.integer(year);

it("gives the one aligned slot that holds an instant, for every length", () => {
  fc.assert(
    fc.property(instant, fc.constantFrom(...slotMinutes), (at, minutes) => {
      const slot = slotAt(at, minutes);
      expect(slot.startMs <= at && at < slot.endMs).toBe(true);
      expect(slot.endMs - slot.startMs).toBe(minutes * 60_000);
      // Aligned to the hour: every full hour begins a slot.
      const hour = Math.floor(at / 3_600_000) * 3_600_000;
      expect((slot.startMs - hour) % (minutes * 60_000)).toBe(0);
    }),
  );
});

it.each([0, 1, 4, 7, 25, 45, 90, 15.5, Number.NaN])("refuses slots of %s min", (minutes) => {
  expect(() => slotAt(0, minutes)).toThrow(expect.objectContaining({ code: "slot-bad-length" }));
});

it("covers a span without gap or overlap, the slot under way included", () => {
  const slots = slotsBetween(ms("2026-05-01T10:07:00Z"), ms("2026-05-01T11:00:00Z"), 15);
  expect(slots.map(({ startMs }) => new Date(startMs).toISOString().slice(11, 16))).toEqual(["10:00", "10:15", "10:30", "10:45"]);
  expect(slots.every((slot, at) => at === 0 || slots[at - 1]?.endMs === slot.startMs)).toBe(true);
  expect(slotsBetween(ms("2026-05-01T10:00:00Z"), ms("2026-05-01T10:00:00Z"), 15)).toEqual([]);
});

it.each([
  ["2026-03-29", 92, "2026-03-28T23:00:00.000Z", "2026-03-29T22:00:00.000Z"],
  ["2026-06-15", 96, "2026-06-14T22:00:00.000Z", "2026-06-15T22:00:00.000Z"],
  ["2026-10-25", 100, "2026-10-24T22:00:00.000Z", "2026-10-25T23:00:00.000Z"],
])("gives %s %i quarters in Amsterdam", (date, count, start, end) => {
  const slots = slotsOfLocalDay(date, zone, 15);
  expect(slots).toHaveLength(count);
  expect([slots[0]?.startMs, slots.at(-1)?.endMs]).toEqual([ms(start), ms(end)]);
});

describe("local times", () => {
  it.each([
    ["later the same day", "07:00", "2026-01-14T05:59:00Z", "2026-01-14T06:00:00Z"],
    ["the next day when it is that time already", "07:00", "2026-01-14T06:00:00Z", "2026-01-15T06:00:00Z"],
    ["over the spring change", "07:00", "2026-03-28T12:00:00Z", "2026-03-29T05:00:00Z"],
    ["over the autumn change", "07:00", "2026-10-24T12:00:00Z", "2026-10-25T06:00:00Z"],
    ["an hour later where spring skips it", "02:30", "2026-03-29T00:00:00Z", "2026-03-29T01:30:00Z"],
    ["the first of the doubled hour", "02:30", "2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z"],
    ["not the second of the doubled hour", "02:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"],
    ["tomorrow, asked within the second of the doubled hour", "02:30", "2026-10-25T01:10:00Z", "2026-10-26T01:30:00Z"],
    ["at midnight local time", "00:00", "2026-06-01T21:59:59Z", "2026-06-01T22:00:00Z"],
  ])("next: %s", (_, time, after, expected) => {
    expect(new Date(nextLocalTime(time, zone, ms(after))).toISOString()).toBe(new Date(expected).toISOString());
  });

  it.each([
    ["that very instant", "07:00", "2026-01-14T06:00:00Z", "2026-01-14T06:00:00Z"],
    ["the day before", "07:00", "2026-01-14T05:59:59Z", "2026-01-13T06:00:00Z"],
    ["before the spring change", "23:00", "2026-03-29T12:00:00Z", "2026-03-28T22:00:00Z"],
    ["yesterday's, while spring skips it", "02:30", "2026-03-29T01:10:00Z", "2026-03-28T01:30:00Z"],
    ["the first of the doubled hour, asked within the second", "02:30", "2026-10-25T01:10:00Z", "2026-10-25T00:30:00Z"],
  ])("last: %s", (_, time, at, expected) => {
    expect(new Date(lastLocalTime(time, zone, ms(at))).toISOString()).toBe(new Date(expected).toISOString());
  });

  it("comes within 25 hours, and the last one is never after the next", () => {
    const time = fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
      .map((parts) => parts.map((part) => String(part).padStart(2, "0")).join(":"));
    fc.assert(
      fc.property(instant, time, fc.constantFrom(zone, "UTC", "America/St_Johns", "Australia/Lord_Howe"), (at, wanted, where) => {
        const next = nextLocalTime(wanted, where, at);
        const last = lastLocalTime(wanted, where, at);
        expect(last <= at && at < next).toBe(true);
        expect(next - last).toBeLessThanOrEqual(25 * 3_600_000);
        expect(lastLocalTime(wanted, where, next)).toBe(next);
      }),
    );
  });
});
