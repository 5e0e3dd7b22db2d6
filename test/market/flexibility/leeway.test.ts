import fc from "fast-check";
import { expect, it } from "vitest";
import { boundlessW, leewayIsps, leewaySlots } from "../../../core/message/uftp.ts";
import { overloadSumW } from "../../../market/flexibility/congestion.ts";
import { radialGrid, type GridElement } from "../../../market/flexibility/grid-model.ts";
import { leewayOf } from "../../../market/flexibility/leeway.ts";

const element = (name: string, above: string | null, limitW: number, baseW: number): GridElement => ({
  name,
  kind: above === null ? "transformer" : "line",
  above,
  importLimitW: Float64Array.of(limitW, limitW),
  exportLimitW: Float64Array.of(limitW / 2, Infinity),
  baseW: Float64Array.of(baseW, 0),
});
const gridOf = (limitW: number, baseW: number) =>
  radialGrid([element("station", null, limitW, baseW), element("east", "station", limitW * 0.7, 0)], 2);

it("shares out by how many can move at a place what the limits leave, the tightest one on its way", () => {
  const placed = [
    { point: "east", powerW: [1000, 2000], parties: 1 },
    { point: "station", powerW: [2000, 7000], parties: 3 },
    { point: "station", powerW: [500, 500], parties: 0 },
  ];
  // 6,000 W are free at the station in the first slot, and 500 W in the second; at its line 6,000 and 5,000 W for one place alone.
  expect(leewayOf(gridOf(10_000, 500), placed)).toEqual([
    { mostW: [2500, 2125], leastW: [-1250, -Infinity] },
    { mostW: [6500, 7375], leastW: [-4750, -Infinity] },
    { mostW: [500, 500], leastW: [500, 500] },
  ]);
  expect(leewayOf(gridOf(1000, 0), placed).map(({ mostW }) => mostW)).toEqual([
    [1000, 2000],
    [2000, 7000],
    [500, 500],
  ]);
});

it("overloads nothing where all places use it up, and takes nothing that was ordered away", () => {
  const powers = fc.array(fc.integer({ min: -8000, max: 12_000 }), { minLength: 2, maxLength: 2 });
  const place = fc.record({ point: fc.constantFrom("east", "station"), powerW: powers, parties: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(place, { maxLength: 6 }), fc.integer({ min: 0, max: 60_000 }), fc.nat(5000), (placed, limitW, baseW) => {
      const grid = gridOf(limitW, baseW);
      const leeways = leewayOf(grid, placed);
      const before = overloadSumW(grid, placed);
      for (const side of ["mostW", "leastW"] as const) {
        const used = placed.map(({ point, powerW }, at) => ({
          point,
          powerW: powerW.map((watts, slot) => {
            const edge = leeways[at]?.[side][slot] ?? watts;
            return Number.isFinite(edge) ? edge : watts;
          }),
        }));
        // A place that moves away from a limit that is passed takes of the overload, but never adds to it.
        expect(overloadSumW(grid, used)).toBeLessThanOrEqual(before + 1e-6);
      }
      for (const [at, { mostW, leastW }] of leeways.entries())
        for (const [slot, watts] of (placed[at]?.powerW ?? []).entries()) {
          expect(mostW[slot]).toBeGreaterThanOrEqual(watts);
          expect(leastW[slot]).toBeLessThanOrEqual(watts);
        }
    }),
  );
});

it("goes over the wire for the slots that nothing is asked for, and binds as ordered where nothing is said", () => {
  const bounds = { mostW: [5, 5, 6, 9], leastW: [-1, -1, -1, -boundlessW] };
  const isps = leewayIsps([0, 0, 1, 0], bounds);
  expect(isps).toEqual([
    { Start: 1, Duration: 2, MinPower: -1, MaxPower: 5 },
    { Start: 4, Duration: 1, MinPower: -boundlessW, MaxPower: 9 },
  ]);
  expect(leewaySlots(isps, [1, 2, 3, 4])).toEqual({ mostW: [5, 5, 3, 9], leastW: [-1, -1, -boundlessW, -boundlessW] });
  expect(leewaySlots(undefined, [1, 2])).toEqual({ mostW: [1, 2], leastW: [-boundlessW, -boundlessW] });
  // Never less than what was ordered, and nothing beyond the day.
  expect(leewaySlots([{ Start: 2, Duration: 9, MinPower: 7, MaxPower: 1 }], [1, 2])).toEqual({
    mostW: [1, 2],
    leastW: [-boundlessW, 2],
  });
});
