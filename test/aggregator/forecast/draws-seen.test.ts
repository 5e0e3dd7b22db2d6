import fc from "fast-check";
import { expect, it } from "vitest";
import { drawsSeen } from "../../../aggregator/forecast/draws-seen.ts";
import { midnightMs, quarterMs } from "../rows.ts";

const tank = { whPerK: 200, lossWPerK: 2, ambientC: 20, heatPerWh: 3 };

/** A tank that is given and gives so much, Wh in each quarter of an hour; its temperature is told at their edges. */
function tankOf(quarters: readonly { drawnWh: number; takenWh: number }[]) {
  let warmC = 50;
  const fills = [{ atMs: midnightMs, value: warmC }];
  const slots = quarters.map(({ drawnWh, takenWh }, at) => {
    const startMs = midnightMs + at * quarterMs;
    // The mean of a slot's two temperatures is what counts for its loss.
    const half = tank.lossWPerK / 8;
    const inWh = drawnWh * tank.heatPerWh - takenWh;
    const nextC = (warmC * (tank.whPerK - half) + 2 * half * tank.ambientC + inWh) / (tank.whPerK + half);
    warmC = nextC;
    fills.push({ atMs: startMs + quarterMs, value: warmC });
    return { startMs, endMs: startMs + quarterMs, wh: drawnWh };
  });
  return { slots, fills };
}

it("finds what people took, whatever they took and whenever it was heated", () => {
  const anyDay = fc.array(fc.record({ drawnWh: fc.constantFrom(0, 0, 0, 500), takenWh: fc.constantFrom(0, 0, 40, 900) }), {
    minLength: 1,
    maxLength: 96,
  });
  fc.assert(
    fc.property(anyDay, (quarters) => {
      const { slots, fills } = tankOf(quarters);
      for (const [at, { wh }] of drawsSeen(slots, fills, tank).entries()) expect(wh).toBeCloseTo(quarters[at]?.takenWh ?? 0, 3);
    }),
  );
});

it("takes no more than went in where meter and sensor are a slot apart", () => {
  const quarters = Array.from({ length: 40 }, (_, at) => ({ drawnWh: at % 8 === 3 ? 500 : 0, takenWh: at % 8 === 6 ? 700 : 0 }));
  const { slots, fills } = tankOf(quarters);
  const shifted = slots.map((slot, at) => ({ ...slot, wh: slots[at - 1]?.wh ?? 0 }));
  const draws = drawsSeen(shifted, fills, tank);
  const sum = draws.reduce((all, { wh }) => all + wh, 0);
  expect(Math.min(...draws.map(({ wh }) => wh))).toBeGreaterThanOrEqual(0);
  expect(sum).toBeCloseTo(5 * 700, -2);
});

it("says nothing of slots around which the temperature is not known", () => {
  const { slots, fills } = tankOf(Array.from({ length: 12 }, () => ({ drawnWh: 0, takenWh: 30 })));
  const some = fills.filter((_, at) => at < 3 || at > 7);
  const known = drawsSeen(slots, some, tank).map(({ startMs }) => (startMs - midnightMs) / quarterMs);
  expect(known).toEqual([0, 1, 8, 9, 10, 11]);
  expect(drawsSeen(slots, [], tank)).toEqual([]);
});
