import fc from "fast-check";
import { expect, it } from "vitest";
import { peakRoomW, quarterAfter, quarterMs, type QuarterSoFar } from "../../../agent/guard/quarter-peak.ts";

const startMs = Math.floor(Date.parse("2026-01-15T05:30:00Z") / quarterMs) * quarterMs;
const quarter: QuarterSoFar = { startMs, startWh: 10_000, sinceMs: startMs };

it("begins anew with each quarter, with a counter that ran backwards, and not with each reading", () => {
  expect(quarterAfter(null, startMs + 5000, 10_000)).toEqual({ startMs, startWh: 10_000, sinceMs: startMs + 5000 });
  expect(quarterAfter(quarter, startMs + 60_000, 10_050)).toBe(quarter);
  expect(quarterAfter(quarter, startMs + quarterMs, 10_400)).toMatchObject({ startMs: startMs + quarterMs, startWh: 10_400 });
  expect(quarterAfter(quarter, startMs + 60_000, 9999).startWh).toBe(9999);
});

it("gives the rest of the quarter what the first part did not take", () => {
  expect(peakRoomW(quarter, startMs, 10_000, 2500)).toBe(2500);
  // 2500 W for 15 min are 625 Wh; 225 in the first third leave 400 Wh for 10 min.
  expect(peakRoomW(quarter, startMs + 300_000, 10_225, 2500)).toBe(2400);
  expect(peakRoomW(quarter, startMs + 300_000, 10_700, 2500)).toBe(0);
});

it("takes for drawn at the peak what it has not seen of the quarter", () => {
  const late = { ...quarter, sinceMs: startMs + 600_000 };
  expect(peakRoomW(late, startMs + 600_000, 10_000, 2500)).toBe(2500);
});

it("never lets a house that keeps to it take more than the peak, up to its last minute", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 20_000 }),
      fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 14, maxLength: 14 }),
      (peakW, shares) => {
        let takenWh = 0;
        for (const [minute, share] of shares.entries()) {
          const roomW = peakRoomW(quarter, startMs + minute * 60_000, 10_000 + takenWh, peakW);
          takenWh += (((roomW * share) / 100) * 60) / 3600;
        }
        expect(takenWh).toBeLessThanOrEqual((peakW * 900) / 3600 + 1);
      },
    ),
  );
});
