import { planHome, type Engine } from "./plan-home.ts";
import type { Problem } from "./problem.ts";

/** What a deadline costs: the whole home's plan with another one beside that with its own. */
export interface WishPrice {
  /** Name of the load with the deadline. */
  name: string;
  /** So many minutes earlier (negative) or later. */
  shiftMinutes: number;
  /** Money that the other deadline costs more; negative: saves. */
  cost: number;
  /** Wh that could not be there in time with the other one. */
  missingWh: number;
}

/**
 * Prices the deadlines of a problem by planning it anew with each of them moved. Loads by a deadline (`deferrable`) and cars with
 * `ready_by` in slots; moves that leave the plan, or no slot, are left out.
 */
export function wishPrices(problem: Problem, engine: Engine, shiftsMinutes: readonly number[] = [-60, 60]): WishPrice[] {
  const { previous: _, ...fresh } = problem;
  const own = planHome(fresh, engine, () => 0);
  const slots = own.slots.length;
  const slotMinutes = (own.slots[0]?.seconds ?? 3600) / 60;
  return problem.appliances.flatMap((appliance, index) =>
    shiftsMinutes.flatMap((shiftMinutes): WishPrice[] => {
      const moved = withDeadline(appliance, Math.round(shiftMinutes / slotMinutes), slots);
      if (!moved) return [];
      const other = planHome({ ...fresh, appliances: fresh.appliances.with(index, moved) }, engine, () => 0);
      const missing = other.shortfalls.find(({ appliance: name, kind }) => name === appliance.name && kind === "below-minimum");
      return [
        {
          name: appliance.name,
          shiftMinutes,
          cost: other.cost.total - own.cost.total,
          missingWh: Math.ceil(missing?.amount ?? 0),
        },
      ];
    }),
  );
}

type Appliance = Problem["appliances"][number];

function withDeadline(appliance: Appliance, shift: number, slots: number): Appliance | undefined {
  const [from, until] =
    appliance.type === "deferrable"
      ? [appliance.from, appliance.until ?? slots]
      : appliance.type === "ev"
        ? [0, appliance.ready_by]
        : [0, undefined];
  if (typeof from !== "number" || typeof until !== "number" || shift === 0) return undefined;
  const moved = until + shift;
  if (moved <= from || moved > slots) return undefined;
  return appliance.type === "ev" ? { ...appliance, ready_by: moved } : ({ ...appliance, until: moved } as Appliance);
}
