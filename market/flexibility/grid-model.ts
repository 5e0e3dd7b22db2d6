import { AppError } from "../../core/app-error.ts";

/** A part of the grid that must not be overloaded, such as a transformer or a cable; W a slot, into the part is positive. */
export interface GridElement {
  name: string;
  kind: "transformer" | "line";
  /** What feeds it; null: the grid above. */
  above: string | null;
  /** The most that may flow, Infinity where nothing limits it. */
  importLimitW: Float64Array;
  exportLimitW: Float64Array;
  /** Forecast of what is taken right here by those who take no part, W. */
  baseW: Float64Array;
}

/** A radial grid: each element is fed by one other or from above. */
export interface Grid {
  slots: number;
  /** Those that feed come before those that they feed. */
  elements: readonly GridElement[];
  /** Elements from a point up to the top, the point first. */
  pathFrom: ReadonlyMap<string, readonly string[]>;
}

/** Puts elements into a grid. @throws AppError market-bad-grid for a name twice, an unknown feed, a ring, or figures that do not fit */
export function radialGrid(elements: readonly GridElement[], slots: number): Grid {
  const byName = new Map(elements.map((element) => [element.name, element]));
  const twice = elements.find((element) => byName.get(element.name) !== element);
  if (twice) throw bad(`two elements have the name ${twice.name}; give each its own`);
  const pathFrom = new Map<string, string[]>();
  for (const element of elements) {
    for (const [figures, name] of [
      [element.importLimitW, "import limit"],
      [element.exportLimitW, "export limit"],
      [element.baseW, "base load"],
    ] as const)
      if (figures.length !== slots || figures.some((watts) => Number.isNaN(watts)))
        throw bad(`${element.name} has ${figures.length} figures of its ${name}, expected ${slots}`);
    const path: string[] = [];
    for (let at: GridElement | undefined = element; at;) {
      if (path.includes(at.name)) throw bad(`${path.join(", ")} feed each other in a ring; a radial grid was expected`);
      path.push(at.name);
      if (at.above === null) break;
      const { above, name }: GridElement = at;
      at = byName.get(above);
      if (!at) throw bad(`${name} is fed by ${above}, which is not in the grid`);
    }
    pathFrom.set(element.name, path);
  }
  const depth = ({ name }: GridElement): number => pathFrom.get(name)?.length ?? 0;
  return { slots, elements: elements.toSorted((one, other) => depth(one) - depth(other)), pathFrom };
}

/** A place in the grid and what is taken there in each slot, W. */
export interface Taken {
  point: string;
  powerW: ArrayLike<number>;
}

/** What flows through each element: what is taken at it and below, and the base load there. */
export function flowsW(grid: Grid, taken: Iterable<Taken>): Map<string, Float64Array> {
  const flows = new Map(grid.elements.map(({ name, baseW }) => [name, Float64Array.from(baseW)]));
  for (const { point, powerW } of taken) {
    const flow = flows.get(point);
    if (flow) addTo(flow, powerW);
  }
  for (const { name, above } of grid.elements.toReversed()) {
    const [flow, feeding] = [flows.get(name), flows.get(above ?? "")];
    if (flow && feeding) addTo(feeding, flow);
  }
  return flows;
}

function addTo(sum: Float64Array, figures: ArrayLike<number>): void {
  for (let slot = 0; slot < sum.length; slot += 1) sum[slot] = (sum[slot] as number) + (figures[slot] ?? 0);
}

const bad = (why: string): AppError => new AppError("market-bad-grid", `grid model: ${why}`);
