import fc from "fast-check";
import { expect, it } from "vitest";
import { commonBounds, siteBounds, unreckonedSince } from "../../../aggregator/retain/bounds.ts";

const dayMs = 86_400_000;
const spans = { readingsMs: dayMs, slotsMs: dayMs, plansMs: dayMs, eventsMs: dayMs, limitsMs: dayMs, auditMs: dayMs };
const settled = { openMs: Infinity, importMs: Infinity, exportMs: Infinity, rewardsMs: Infinity };

it("deletes nothing where no span is given", () => {
  for (const bounds of [siteBounds({}, settled, 1e12), commonBounds({}, Infinity, 1e12)])
    expect(Object.values(bounds).every((before) => before === -Infinity)).toBe(true);
});

it("never reaches what is not settled, nor what baselines and forecasts look back", () => {
  const instant = fc.oneof(
    fc.constant(Infinity),
    fc.integer({ min: 0, max: 400 }).map((days) => days * dayMs),
  );
  fc.assert(
    fc.property(
      instant,
      instant,
      instant,
      instant,
      fc.integer({ min: 0, max: 500 }),
      (openMs, importMs, exportMs, rewardsMs, days) => {
        const nowMs = days * dayMs;
        const bounds = siteBounds(spans, { openMs, importMs, exportMs, rewardsMs }, nowMs);
        const { importBeforeMs, exportBeforeMs, othersBeforeMs, eventsBeforeMs, plansBeforeMs, readingsBeforeMs } = bounds;
        expect(Math.max(...Object.values(bounds))).toBeLessThanOrEqual(Math.min(openMs, nowMs - dayMs));
        expect(importBeforeMs).toBeLessThanOrEqual(importMs);
        expect(exportBeforeMs).toBeLessThanOrEqual(exportMs);
        expect(readingsBeforeMs).toBeLessThanOrEqual(Math.min(importMs, exportMs));
        for (const before of [importBeforeMs, exportBeforeMs, othersBeforeMs, eventsBeforeMs]) {
          expect(before).toBeLessThanOrEqual(nowMs - 62 * dayMs);
          expect(before).toBeLessThanOrEqual(rewardsMs - 62 * dayMs);
        }
        expect(plansBeforeMs).toBeLessThanOrEqual(Math.min(nowMs, rewardsMs) - 16 * dayMs);
        expect(commonBounds(spans, rewardsMs, nowMs).pricesBeforeMs).toBeLessThanOrEqual(rewardsMs - 62 * dayMs);
      },
    ),
  );
});

it("lets no home's rewards hold anything for longer than the span, and gives up exactly those that would", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.stringMatching(/^[a-e]$/), fc.integer({ min: 0, max: 800 })),
      fc.integer({ min: 0, max: 900 }),
      fc.option(fc.integer({ min: 90, max: 400 })),
      (days, now, span) => {
        const reached = new Map(Object.entries(days).map(([site, day]) => [site, day * dayMs]));
        const nowMs = now * dayMs;
        const given = span === null ? {} : { unreckonedMs: span * dayMs };
        const { rewardsMs, givenUp } = unreckonedSince({ ...spans, ...given }, reached, nowMs);
        const leastMs = span === null ? -Infinity : nowMs - span * dayMs;
        expect(rewardsMs).toBeGreaterThanOrEqual(leastMs);
        for (const [site, ms] of reached) {
          expect(givenUp.includes(site)).toBe(ms < leastMs);
          if (!givenUp.includes(site)) expect(rewardsMs).toBeLessThanOrEqual(ms);
        }
        if (reached.size === 0) expect(rewardsMs).toBe(Infinity);
      },
    ),
  );
});
