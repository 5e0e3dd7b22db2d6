import fc from "fast-check";
import { expect, it } from "vitest";
import { askedDirections, overloads, roomLeftW } from "../../../market/flexibility/congestion.ts";
import { flowsW, radialGrid, type GridElement } from "../../../market/flexibility/grid-model.ts";
import { errorCode, errorMessage } from "../../../core/app-error.ts";

const element = (name: string, above: string | null, importW: number, baseW = 0, exportW = Infinity): GridElement => ({
  name,
  kind: above === null ? "transformer" : "line",
  above,
  importLimitW: Float64Array.of(importW, importW),
  exportLimitW: Float64Array.of(exportW, exportW),
  baseW: Float64Array.of(baseW, 0),
});
const grid = radialGrid(
  [element("east", "station", 4000, 500), element("station", null, 7000, 1000), element("west", "station", 5000)],
  2,
);

it("adds up what flows through each element: what is below it and its base load", () => {
  const flows = flowsW(grid, [
    { point: "east", powerW: [1000, 2000] },
    { point: "west", powerW: [3000, 0] },
    { point: "station", powerW: [10, 20] },
  ]);
  expect(Array.from(flows.get("east") ?? [])).toEqual([1500, 2000]);
  expect(Array.from(flows.get("station") ?? [])).toEqual([5510, 2020]);
});

it("names each overload with its slots and the most of it", () => {
  const found = overloads(grid, [
    { point: "east", powerW: [4000, 4100] },
    { point: "west", powerW: [2000, 0] },
  ]);
  expect(found).toEqual([
    {
      element: "station",
      kind: "import-limit",
      slot: 0,
      slots: 1,
      amountW: 500,
      message: "transformer station carries 500 W more than its import limit in slot 0",
    },
    {
      element: "east",
      kind: "import-limit",
      slot: 0,
      slots: 2,
      amountW: 500,
      message: "line east carries 500 W more than its import limit from slot 0 to 1",
    },
  ]);
  expect(
    Array.from(
      askedDirections(
        grid,
        [
          { point: "east", powerW: [4000, 4100] },
          { point: "west", powerW: [2000, 0] },
        ],
        "west",
      ),
    ),
  ).toEqual([1, 0]);
});

it("tells what is left for a place: the least of all that it hangs on", () => {
  const others = [{ point: "west", powerW: [3000, 3000] }];
  expect(roomLeftW(grid, others, "east").most).toEqual([2500, 4000]);
  const exporting = radialGrid([element("roofs", null, Infinity, 0, 2000)], 2);
  expect(roomLeftW(exporting, [{ point: "roofs", powerW: [-1500, 500] }], "roofs").least).toEqual([-500, -2500]);
});

it("whoever stays in the room that is left overloads nothing", () => {
  const watts = fc.integer({ min: 0, max: 2500 });
  fc.assert(
    fc.property(watts, watts, watts, fc.double({ min: 0, max: 1, noNaN: true }), (east, west, station, share) => {
      const others = [
        { point: "west", powerW: [west, west] },
        { point: "station", powerW: [station, station] },
      ];
      const { most } = roomLeftW(grid, [...others, { point: "east", powerW: [east, east] }], "east");
      const own = most.map((watt) => Math.floor(watt * share));
      if (overloads(grid, [...others, { point: "east", powerW: [east, east] }]).length > 0) return;
      expect(overloads(grid, [...others, { point: "east", powerW: [east, east] }, { point: "east", powerW: own }])).toEqual([]);
    }),
  );
});

it.each<[string, GridElement[]]>([
  ["two elements have the name a", [element("a", null, 1), element("a", null, 1)]],
  ["b is fed by c, which is not in the grid", [element("a", null, 1), element("b", "c", 1)]],
  ["a, b feed each other in a ring", [element("a", "b", 1), element("b", "a", 1)]],
  ["a has 2 figures of its import limit, expected 3", []],
])("refuses a grid: %s", (why, elements) => {
  try {
    radialGrid(elements.length > 0 ? elements : [element("a", null, 1)], elements.length > 0 ? 2 : 3);
    expect.unreachable();
  } catch (error) {
    expect(errorCode(error)).toBe("market-bad-grid");
    expect(errorMessage(error)).toContain(why);
  }
});
