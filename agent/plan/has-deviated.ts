import type { Stored } from "./local-input.ts";
import type { LocalPlan } from "./local-plan.ts";

/** So far from the plan a store may be before another plan is made. */
const tolerance = { "°C": 2, "%": 5 } as const;

/** Whether a store is not as its plan has it at this moment: somebody drew a bath, or the sun did not come. Pure. */
export function hasDeviated(expected: LocalPlan["expected"], stored: (resource: string) => Stored, nowMs: number): boolean {
  return expected.some(({ resource, unit, at, from }) => {
    const { percent, temperatureC } = stored(resource);
    const now = unit === "%" ? percent : temperatureC;
    const planned = valueAt([from, ...at], nowMs);
    return now !== undefined && planned !== undefined && Math.abs(now - planned) > tolerance[unit];
  });
}

/** Between two known points in a straight line; undefined outside. */
function valueAt(points: readonly { endMs: number; value: number }[], atMs: number): number | undefined {
  const next = points.findIndex(({ endMs }) => endMs > atMs);
  const [before, after] = [points[next - 1], points[next]];
  if (!before || !after) return undefined;
  return before.value + ((after.value - before.value) * (atMs - before.endMs)) / (after.endMs - before.endMs);
}
