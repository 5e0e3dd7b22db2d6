import fc from "fast-check";
import { expect, it } from "vitest";
import { Temporal } from "temporal-polyfill";
import { localMoments, timedPrice, type TimedPrice } from "../../../agent/prices/time-of-use.ts";

const zones = ["Europe/Amsterdam", "Europe/London", "UTC", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns"];

it("says what clocks and calendars of a zone show, on days of change too", () => {
  const quarters = fc.integer({ min: Date.parse("2025-01-01") / 900_000, max: Date.parse("2028-01-01") / 900_000 });
  fc.assert(
    fc.property(fc.constantFrom(...zones), quarters, (zone, quarter) => {
      const momentOf = localMoments(zone);
      for (const atMs of [quarter, quarter + 1, quarter + 90, quarter - 90].map((at) => at * 900_000)) {
        const local = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone);
        expect(momentOf(atMs)).toEqual({
          date: local.toPlainDate().toString(),
          minute: local.hour * 60 + local.minute,
          weekday: local.dayOfWeek,
          month: local.month,
        });
      }
    }),
  );
});

it.each([
  ["Europe/Amsterdam", "2026-03-29"],
  ["Europe/Amsterdam", "2026-10-25"],
  ["Australia/Lord_Howe", "2026-04-04"],
])("is right in each quarter around the change of %s on %s", (zone, date) => {
  const momentOf = localMoments(zone);
  for (let atMs = Date.parse(date) - 86_400_000; atMs < Date.parse(date) + 2 * 86_400_000; atMs += 900_000) {
    const local = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone);
    expect(momentOf(atMs).minute).toBe(local.hour * 60 + local.minute);
  }
});

it.each<[number, number, bigint | undefined]>([
  [6 * 60 + 45, 1, 1n],
  [7 * 60, 1, 2n],
  [21 * 60, 1, 2n],
  [22 * 60, 1, 1n],
  [12 * 60, 6, undefined],
  [23 * 60, 6, 1n],
])("has at minute %s of weekday %s the price %s: the first that fits, over midnight too", (minute, weekday, price) => {
  const months = new Set([5]);
  const prices: TimedPrice[] = [
    { microPerKwh: 1n, fromMinute: 22 * 60, toMinute: 7 * 60, days: new Set([1, 2, 3, 4, 5, 6, 7]), months },
    { microPerKwh: 2n, fromMinute: 0, toMinute: 1440, days: new Set([1, 2, 3, 4, 5]), months },
  ];
  expect(timedPrice(prices, { date: "2026-05-04", minute, weekday, month: 5 })).toBe(price);
  expect(timedPrice(prices, { date: "2026-06-04", minute, weekday, month: 6 })).toBeUndefined();
});
