import { expect, it } from "vitest";
import type { MeterZone } from "../../../../drivers/meter/meter-zone.ts";
import { p1TimeAt } from "../../../../drivers/meter/dsmr/p1-time.ts";

it.each<[string, MeterZone, string | null]>([
  ["251026023000S", "CET", "2025-10-26T00:30:00.000Z"],
  ["251026023000W", "CET", "2025-10-26T01:30:00.000Z"],
  ["260114191510W", "CET", "2026-01-14T18:15:10.000Z"],
  ["260714191510S", "EET", "2026-07-14T16:15:10.000Z"],
  ["260114191510W", "WET", "2026-01-14T19:15:10.000Z"],
  ["280229000000W", "CET", "2028-02-28T23:00:00.000Z"],
  ["260229000000W", "CET", null],
  ["632525252525W", "CET", null],
  ["700101010000W", "CET", null],
  ["000101010000W", "CET", null],
  ["000000000000", "CET", null],
  ["110314190000", "CET", null],
  ["260114241510W", "CET", null],
  ["260114191510X", "CET", null],
  ["", "CET", null],
])("%s in %s is %s", (text, zone, expected) => {
  const ms = p1TimeAt(Buffer.from(`(${text})`), 1, zone);
  expect(ms === null ? null : new Date(ms).toISOString()).toBe(expected);
});
