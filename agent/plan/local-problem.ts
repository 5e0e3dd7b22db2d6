import type { InstructionList } from "../../core/message/instruction.ts";
import { demandWindows } from "../../planner/demand-window.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import { Problem } from "../../planner/problem.ts";
import { instructionAt, settingOf } from "./intent.ts";
import type { LocalAppliance, LocalPlanInput } from "./local-plan.ts";

/** One appliance of the problem: an appliance of the house, or one of its demand windows. */
export interface ProblemPart {
  name: string;
  resource: string;
  /** Local time at which its energy must be there; null where it only may be held off. */
  readyBy: string | null;
  /** Slots in which it counts: [from, until). */
  from: number;
  until: number;
}

/** Share of its rated power that a heat pump without a history is taken to draw by itself. */
const ownShare = 0.4;
/** Of the currency, for each start: what saves less is not worth switching for. */
const startCost = 0.005;

/** The house's own planning problem: its demands as far as prices are known. */
export function localProblem(
  input: LocalPlanInput,
  slots: readonly PricedSlot[],
): { problem: Problem; parts: readonly ProblemPart[] } | undefined {
  const [first, last] = [slots[0], slots.at(-1)];
  if (!first || !last) return undefined;
  const parts: ProblemPart[] = [];
  const appliances = input.appliances.flatMap((appliance): object[] => {
    const { resource, demand, modes } = appliance;
    const top = modes.at(-1);
    if (!demand || !top || top.maxW <= 0) return [];
    if (demand.kind === "block") {
      parts.push({ name: resource, resource, readyBy: null, from: 0, until: slots.length });
      return [
        {
          type: "blockable",
          name: resource,
          expected_w: top.maxW * ownShare,
          power_w: top.maxW,
          max_block_minutes: demand.maxBlockS / 60,
          min_free_minutes: demand.minFreeS / 60,
          start_cost: startCost,
        },
      ];
    }
    return demandWindows(demand, input.zone, first.startMs, last.endMs).map((window, index) => {
      const name = `${resource} ${index}`;
      const inside = slots.map(({ startMs, endMs }) => startMs >= window.fromMs && endMs <= window.readyMs);
      const [from, until] = [Math.max(0, inside.indexOf(true)), inside.lastIndexOf(true) + 1];
      parts.push({ name, resource, readyBy: demand.readyBy, from, until });
      const given = window.fromMs < first.startMs ? input.deliveredWh(resource) : 0;
      return {
        type: "deferrable",
        name,
        energy_wh: Math.max(0, demand.energyWh - given),
        power_w: top.maxW,
        min_power_w: top.minW,
        on_off: top.minW === top.maxW,
        from,
        until,
        min_on_minutes: appliance.minOnMs / 60_000,
        min_off_minutes: appliance.minOffMs / 60_000,
        start_cost: startCost,
      };
    });
  });
  if (appliances.length === 0) return undefined;
  const perKwh = (micro: bigint): number => Number(micro) / 1_000_000;
  const problem = Problem.parse({
    slot_minutes: input.slotMinutes,
    slots: slots.length,
    import_price_per_kwh: slots.map(({ microPerKwh }) => perKwh(microPerKwh)),
    base_load_w: [...input.baseW(slots)],
    grid: { import_limit_w: input.maxImportW },
    appliances,
    ...(input.previous && { previous: previousOf(input, input.previous, parts, slots) }),
  });
  return { problem, parts };
}

/** What the plan in force has each part do, W a slot. */
function previousOf(
  { appliances }: LocalPlanInput,
  lists: ReadonlyMap<string, InstructionList>,
  parts: readonly ProblemPart[],
  slots: readonly PricedSlot[],
): Record<string, number[]> {
  const previous: Record<string, number[]> = {};
  for (const { name, resource, readyBy, from, until } of parts) {
    const list = lists.get(resource);
    const appliance: LocalAppliance | undefined = appliances.find((one) => one.resource === resource);
    // What runs by its own thermostat has no power of its own to keep.
    if (!list || !appliance || readyBy === null) continue;
    previous[name] = slots.map(({ startMs }, slot) => {
      const instruction = slot >= from && slot < until ? instructionAt(list, startMs) : undefined;
      return (instruction && settingOf(appliance.modes, instruction)?.powerW) ?? 0;
    });
  }
  return previous;
}
