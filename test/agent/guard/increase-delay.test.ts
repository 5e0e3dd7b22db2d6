import fc from "fast-check";
import { expect, it } from "vitest";
import { announcedDelays, increaseDelayMs } from "../../../agent/guard/increase-delay.ts";

const seed = new Uint8Array(32).fill(7);
const startMs = Date.parse("2026-01-15T05:30:00Z");
const quarterMs = 15 * 60_000;

it("is the same through a slot, and from 0 to the longest", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.integer({ min: 0, max: 1_800_000 }),
      fc.integer({ min: 0, max: quarterMs - 1 }),
      (own, longestMs, withinMs) => {
        const delayMs = increaseDelayMs(own, startMs, longestMs);
        expect(delayMs).toBe(increaseDelayMs(own, startMs + withinMs, longestMs));
        expect(delayMs).toBeGreaterThanOrEqual(0);
        expect(delayMs).toBeLessThanOrEqual(longestMs);
      },
    ),
  );
});

it("is spread evenly over gateways and over slots", () => {
  const tenths = (delays: number[]): number[] =>
    Array.from({ length: 10 }, (_, tenth) => delays.filter((ms) => Math.floor(ms / 60_001) === tenth).length / delays.length);
  const gateways = Array.from({ length: 10_000 }, (_, n) =>
    increaseDelayMs(new TextEncoder().encode(`gateway ${n}`), startMs, 600_000),
  );
  const slots = Array.from({ length: 10_000 }, (_, n) => increaseDelayMs(seed, startMs + n * quarterMs, 600_000));
  for (const share of [...tenths(gateways), ...tenths(slots)]) expect(Math.abs(share - 0.1)).toBeLessThan(0.015);
});

it("announces the day to come as it will be", () => {
  const { start, stepS, delaysS } = announcedDelays(seed, startMs + 1234, 600_000);
  expect([start, stepS, delaysS.length]).toEqual(["2026-01-15T05:30:00.000Z", 900, 96]);
  for (const [index, delayS] of delaysS.entries())
    expect(delayS).toBe(Math.ceil(increaseDelayMs(seed, startMs + index * quarterMs, 600_000) / 1000));
});
