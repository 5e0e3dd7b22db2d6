import { expect, it } from "vitest";
import { knownUntil, priceOutlook } from "../../../bench/real-prices/known-prices.ts";

const zone = "Europe/Berlin";

it.each([
  ["2026-01-10T11:45:00Z", "2026-01-10T23:00:00.000Z"],
  ["2026-01-10T12:00:00Z", "2026-01-11T23:00:00.000Z"],
  ["2026-07-10T10:59:00Z", "2026-07-10T22:00:00.000Z"],
  ["2026-07-10T11:00:00Z", "2026-07-11T22:00:00.000Z"],
])("at %s prices are known until %s", (at, until) => {
  expect(new Date(knownUntil(Date.parse(at), zone)).toISOString()).toBe(until);
});

it("takes the week's mean at that time of day, half way to the newest day's level", () => {
  const known = [1, 2, 1, 2, 1, 2, 3, 4];
  expect(priceOutlook(known, 2, 3)).toEqual([1.5 + 0.75, 2.5 + 0.75, 1.5 + 0.75]);
});
