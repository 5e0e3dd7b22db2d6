import type { InstructionList } from "../../core/message/instruction.ts";
import type { Demand } from "../../core/message/resource.ts";
import type { Slot } from "../../core/slots.ts";
import { demandWindows } from "../../planner/demand-window.ts";
import { instructedW, onMode, type PlannedResource } from "../optimise/resource-modes.ts";

/** What is known when a list is given. */
export interface ListBasis {
  /** Given since the demand window opened that is under way, Wh. */
  deliveredWh: number;
  nowMs: number;
  /** Length of metering slots, ms; spans begin and end with them. */
  slotMs: number;
}

/** Less than this share of what it would have drawn is switching and rounding, not control. */
const leastShare = 0.02;
const dayMs = 24 * 3_600_000;

/**
 * The times in which a list has an appliance do something else than it would by itself. By itself, what needs energy by a time
 * takes it with all its power as soon as its window opens: its span is the whole window from now on, for energy is only moved
 * within it. What has a thermostat runs when it likes: its spans are the blocks, each with as much time after it, in
 * which it makes up for it. Where the list says nothing the appliance is by itself. Pure.
 */
export function controlSpans(resource: PlannedResource, list: InstructionList, basis: ListBasis): Slot[] {
  return resource.demand.kind === "energy"
    ? sessions(resource, resource.demand, list, basis)
    : blocks(resource, resource.demand, list, basis);
}

function sessions(
  resource: PlannedResource,
  demand: Extract<Demand, { kind: "energy" }>,
  list: InstructionList,
  { deliveredWh, nowMs, slotMs }: ListBasis,
): Slot[] {
  const powerW = onMode(resource).powerW;
  const lastMs = Math.max(nowMs, ...list.instructions.map(({ validUntil }) => Date.parse(validUntil)));
  if (powerW <= 0 || lastMs === nowMs) return [];
  return demandWindows(demand, resource.timezone, nowMs, lastMs + dayMs).flatMap(({ fromMs, readyMs }) => {
    if (fromMs >= lastMs) return [];
    const startMs = Math.max(fromMs, nowMs);
    const wantedWh = demand.energyWh - (fromMs < nowMs ? deliveredWh : 0);
    if (wantedWh <= 0) return [];
    const runEndMs = Math.min(readyMs, startMs + (wantedWh / powerW) * 3_600_000);
    const mostWh = (powerW * (runEndMs - startMs)) / 3_600_000;
    if (heldWh(resource, list, { startMs, endMs: runEndMs }, powerW) < mostWh * leastShare) return [];
    return aligned({ startMs, endMs: readyMs }, slotMs);
  });
}

/** What a list keeps an appliance from drawing in a time in which it would run with all its power, Wh. */
function heldWh(resource: PlannedResource, list: InstructionList, { startMs, endMs }: Slot, powerW: number): number {
  let wh = 0;
  for (const { executionTime, validUntil } of list.instructions) {
    const [fromMs, untilMs] = [Math.max(startMs, Date.parse(executionTime)), Math.min(endMs, Date.parse(validUntil))];
    if (fromMs >= untilMs) continue;
    wh += ((powerW - Math.max(0, instructedW(resource, list, fromMs) ?? powerW)) * (untilMs - fromMs)) / 3_600_000;
  }
  return wh;
}

function blocks(
  resource: PlannedResource,
  { minFreeS }: Extract<Demand, { kind: "block" }>,
  list: InstructionList,
  { nowMs, slotMs }: ListBasis,
): Slot[] {
  const restingW = onMode(resource).powerW;
  const held: Slot[] = [];
  for (const { executionTime, validUntil } of list.instructions) {
    const [startMs, endMs] = [Math.max(nowMs, Date.parse(executionTime)), Date.parse(validUntil)];
    if (startMs >= endMs || (instructedW(resource, list, startMs) ?? restingW) >= restingW) continue;
    const last = held.at(-1);
    if (last && last.endMs === startMs) last.endMs = endMs;
    else held.push({ startMs, endMs });
  }
  return held.flatMap(({ startMs, endMs }, index) => {
    const recoversMs = Math.max(minFreeS * 1000, endMs - startMs);
    return aligned({ startMs, endMs: Math.min(endMs + recoversMs, held[index + 1]?.startMs ?? Infinity) }, slotMs);
  });
}

/** Whole slots within a time; none where there is no whole one. */
function aligned({ startMs, endMs }: Slot, slotMs: number): Slot[] {
  const span = { startMs: Math.ceil(startMs / slotMs) * slotMs, endMs: Math.floor(endMs / slotMs) * slotMs };
  return span.startMs < span.endMs ? [span] : [];
}
