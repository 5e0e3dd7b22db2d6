import { describe, expect, it } from "vitest";
import { expectedUntil, nextFetchMs } from "../../../agent/prices/next-fetch.ts";
import { iso } from "../../../core/clock/clock.ts";

const market = { time: "13:00", zone: "Europe/Amsterdam" };
const minutes = (ms: number): number => ms / 60_000;

describe("prices are due", () => {
  it.each([
    ["2026-06-01T10:59Z", "2026-06-01T22:00:00.000Z"],
    ["2026-06-01T11:00Z", "2026-06-02T22:00:00.000Z"],
    ["2026-06-01T22:00Z", "2026-06-02T22:00:00.000Z"],
    ["2026-03-28T12:00Z", "2026-03-29T22:00:00.000Z"],
    ["2026-03-29T10:59Z", "2026-03-29T22:00:00.000Z"],
    ["2026-03-29T11:00Z", "2026-03-30T22:00:00.000Z"],
    ["2026-10-24T11:00Z", "2026-10-25T23:00:00.000Z"],
    ["2026-10-25T12:00Z", "2026-10-26T23:00:00.000Z"],
  ])("at %s until %s", (now, until) => expect(iso(expectedUntil(market, Date.parse(now)))).toBe(until));
});

describe("the next fetch is", () => {
  const noonMs = Date.parse("2026-06-01T10:00Z");
  const complete = { inVain: 0, failed: false, knownUntilMs: Date.parse("2026-06-01T22:00Z") };
  it("at the next publication, and up to ten minutes later", () => {
    expect([0, 1].map((random) => minutes(nextFetchMs(market, complete, noonMs, random)))).toEqual([60, 70]);
  });
  it("soon while due prices are missing, then less and less often, at most each hour", () => {
    const afterMs = Date.parse("2026-06-01T11:05Z");
    const waits = [1, 2, 3, 4, 5, 50].map((inVain) => minutes(nextFetchMs(market, { ...complete, inVain }, afterMs, 0.5)));
    expect(waits).toEqual([5, 10, 20, 40, 60, 60]);
  });
  it("a minute after the first failure, then less and less often", () => {
    const waits = [1, 2, 8].map((inVain) => minutes(nextFetchMs(market, { ...complete, inVain, failed: true }, noonMs, 0.5)));
    expect(waits).toEqual([1, 2, 60]);
    expect([0, 1].map((random) => nextFetchMs(market, { ...complete, inVain: 1, failed: true }, noonMs, random))).toEqual([
      45_000, 75_000,
    ]);
  });
  it("never later than a source has news", () => {
    const missing = { inVain: 9, failed: false, knownUntilMs: null };
    expect(minutes(nextFetchMs({ everyMs: 900_000 }, missing, noonMs, 0.5))).toBe(15);
  });
  it("after a while where a source has no hour of its own", () => {
    expect(minutes(nextFetchMs({ everyMs: 900_000 }, { ...complete, knownUntilMs: noonMs + 1 }, noonMs, 0.5))).toBe(15);
  });
});
