import type { Slot } from "../../core/slots.ts";
import { demandWindows } from "../../planner/demand-window.ts";
import { blockedMinutes } from "../../planner/standing.ts";
import type { LocalAppliance, LocalPlanInput } from "./local-input.ts";
import { standingIn, startCost, type PartOfProblem } from "./problem-part.ts";

/** Share of its rated power that a heat pump without a history is taken to draw by itself. */
const ownShare = 0.4;
/** A car that is there on fewer of such days is not reckoned with. */
const leastPresent = 0.5;

/**
 * What is asked of an appliance as parts of the problem: one for each demand window, or one that may be held off.
 * @param kept slots that somebody's override takes: nothing is planned in them; Wh of it that count for the first window
 */
export function demandParts(
  { resource, demand, modes, minOnMs, minOffMs }: LocalAppliance,
  input: LocalPlanInput,
  slots: readonly Slot[],
  kept: { slots: number; wh: number },
): PartOfProblem[] {
  const [first, last, top] = [slots[0], slots.at(-1), modes.at(-1)];
  if (!first || !last || !demand || !top || top.maxW <= 0) return [];
  if (demand.kind === "block") {
    if (kept.slots > 0) return [];
    return [
      {
        part: { name: resource, resource, kind: "block", readyBy: null, from: 0, until: slots.length },
        appliance: {
          type: "blockable",
          name: resource,
          expected_w: top.maxW * ownShare,
          power_w: top.maxW,
          max_block_minutes: demand.maxBlockS / 60,
          min_free_minutes: demand.minFreeS / 60,
          start_cost: startCost,
          blocked_minutes: blockedMinutes(standingIn(input, resource)),
        },
      },
    ];
  }
  const present = input.forecast.presentShare(resource, slots);
  return demandWindows(demand, input.zone, first.startMs, last.endMs).flatMap((window, index) => {
    const inside = slots.map(({ startMs, endMs }) => startMs >= window.fromMs && endMs <= window.readyMs);
    const [open, until] = [Math.max(inside.indexOf(true), kept.slots), inside.lastIndexOf(true) + 1];
    const there = present.findIndex((share, slot) => slot >= open && slot < until && share >= leastPresent);
    // The resident's word takes all of it.
    if (inside.includes(true) && open >= until) return [];
    const deliveredWh = window.fromMs < first.startMs ? input.deliveredWh(resource) : 0;
    const underWay = Number.isFinite(deliveredWh) ? deliveredWh : 0;
    const name = `${resource} ${index}`;
    const from = there < 0 ? Math.max(0, open) : there;
    return [
      {
        part: { name, resource, kind: "demand", readyBy: demand.readyBy, from, until },
        appliance: {
          type: "deferrable",
          name,
          energy_wh: Math.max(0, demand.energyWh - underWay - (index === 0 ? kept.wh : 0)),
          power_w: top.maxW,
          min_power_w: top.minW,
          on_off: top.minW === top.maxW,
          from,
          until,
          min_on_minutes: minOnMs / 60_000,
          min_off_minutes: minOffMs / 60_000,
          start_cost: startCost,
          // What runs between two windows runs for neither.
          ...(from === 0 && standingIn(input, resource)),
        },
      },
    ];
  });
}
