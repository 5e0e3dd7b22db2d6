import fc from "fast-check";
import { expect, it } from "vitest";
import { commonBounds, siteBounds } from "../../../aggregator/retain/bounds.ts";

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
