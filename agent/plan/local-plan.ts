import { iso } from "../../core/clock/clock.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import { drain } from "../../planner/drain.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import type { Outcome } from "../../planner/outcome.ts";
import { planHomeSteps } from "../../planner/plan-home-steps.ts";
import type { LocalAppliance, LocalPlanInput } from "./local-input.ts";
import { localProblem, pricedSlots } from "./local-problem.ts";
import { curtailedSetting, plannedSetting, type PlannedSetting } from "./planned-setting.ts";
import { planReason } from "./plan-reason.ts";
import type { ProblemPart } from "./problem-part.ts";

/** The house's own plan. */
export interface LocalPlan {
  lists: ReadonlyMap<string, InstructionList>;
  /** What the stores will then hold, °C or percent: as they were when it was made, and at the end of each slot. */
  expected: readonly { resource: string; unit: "°C" | "%"; from: Level; at: readonly Level[] }[];
  /** Highest mean import of a slot that it pays for, W; 0 where it pays for none. */
  peakW: number;
}

interface Level {
  endMs: number;
  value: number;
}

/** Instructions of the house to itself need no id of their own. */
const noId = "00000000-0000-4000-8000-000000000000";
const noPlan: LocalPlan = { lists: new Map(), expected: [], peakW: 0 };
type Instruction = InstructionList["instructions"][number];

/** The plan of `localPlanSteps` at once. */
export function localPlan(input: LocalPlanInput): LocalPlan {
  return drain(localPlanSteps(input));
}

/**
 * The house's own plan for when nobody else has one: the cheapest that gives each appliance its energy in time and keeps its
 * stores within their bounds, under the house's limit, by the prices that are known. Empty without prices. What does not fit is
 * said in the reasons. Made in small bites.
 * @throws AppError plan-* where what it was given makes no problem
 */
export function* localPlanSteps(input: LocalPlanInput): Generator<void, LocalPlan> {
  const slots = pricedSlots(input);
  const made = localProblem(input, slots);
  if (!made) return noPlan;
  const outcome = yield* planHomeSteps(made.problem, { name: "fast" }, () => 0);
  const lists = new Map<string, InstructionList>();
  for (const appliance of input.appliances) {
    const parts = made.parts.filter(({ resource }) => resource === appliance.resource);
    const tell =
      appliance.model?.kind === "pv"
        ? panels(appliance, outcome, input.appliances, slots, [...input.forecast.pvW(slots)])
        : parts.length > 0
          ? (slot: number) => told(appliance, parts, outcome, slots, slot)
          : undefined;
    if (!tell) continue;
    const instructions = slots.map(({ startMs, endMs }, slot) => ({
      id: noId,
      executionTime: iso(startMs),
      validUntil: iso(endMs),
      ...tell(slot),
    }));
    lists.set(appliance.resource, { plan: noId, resource: appliance.resource, instructions: merged(instructions) });
  }
  return {
    lists,
    expected: expectedOf(input, made.parts, outcome, slots),
    peakW: input.peak && outcome.cost.capacity > 0 ? Math.ceil(outcome.peak_import_w) : 0,
  };
}

type Told = PlannedSetting & { reason: string };

function told(
  appliance: LocalAppliance,
  parts: readonly ProblemPart[],
  outcome: Outcome,
  slots: readonly PricedSlot[],
  slot: number,
): Told {
  const part = parts.find(({ from, until }) => slot >= from && slot < until);
  const powerW = parts.reduce(
    (sum, { name }) => sum + (outcome.appliances.find((one) => one.name === name)?.power_w[slot] ?? 0),
    0,
  );
  const short = outcome.shortfalls.find(({ appliance: name, kind }) => name === part?.name && kind === "below-minimum");
  const setting = plannedSetting(appliance, part?.kind ?? "demand", powerW, gridW(outcome, slots, slot));
  return { ...setting, reason: planReason(appliance, part, powerW, setting, short) };
}

/** Panels are told to give less only where giving costs money; each takes its share of that. */
function panels(
  appliance: LocalAppliance,
  outcome: Outcome,
  appliances: readonly LocalAppliance[],
  slots: readonly PricedSlot[],
  pvW: readonly number[],
): ((slot: number) => Told) | undefined {
  if (outcome.slots.every(({ curtailed_wh: wh }) => wh <= 1)) return undefined;
  const most = (one: LocalAppliance): number => (one.model?.kind === "pv" ? one.model.maxW : 0);
  const share = most(appliance) / appliances.reduce((sum, one) => sum + most(one), 0);
  return (slot) => {
    const curtailedWh = outcome.slots[slot]?.curtailed_wh ?? 0;
    if (curtailedWh <= 1) return { operationModeId: appliance.safe.mode, reason: "own plan: gives what it can" };
    const givesW = Math.max(0, (pvW[slot] ?? 0) - curtailedWh / hoursOf(slots, slot)) * share;
    return { ...curtailedSetting(appliance, givesW), reason: "own plan: what is exported now costs money" };
  };
}

const hoursOf = (slots: readonly PricedSlot[], slot: number): number =>
  ((slots[slot]?.endMs ?? 0) - (slots[slot]?.startMs ?? 0)) / 3_600_000;

function gridW({ slots: planned }: Outcome, slots: readonly PricedSlot[], slot: number): number {
  const { import_wh: imported = 0, export_wh: exported = 0 } = planned[slot] ?? {};
  return (imported - exported) / hoursOf(slots, slot);
}

function expectedOf(
  { appliances, stored, nowMs }: LocalPlanInput,
  parts: readonly ProblemPart[],
  outcome: Outcome,
  slots: readonly PricedSlot[],
): LocalPlan["expected"] {
  return parts.flatMap(({ name, resource, kind }) => {
    const state = outcome.appliances.find((one) => one.name === name)?.state;
    const model = appliances.find((one) => one.resource === resource)?.model;
    if (!state || kind === "demand" || kind === "block") return [];
    const whole = model?.kind === "battery" ? model.capacityWh / 100 : 1;
    const at = state.end.map((value, slot) => ({ endMs: slots[slot]?.endMs ?? 0, value: value / whole }));
    const { percent = 0, temperatureC = 0 } = stored(resource);
    const from = { endMs: nowMs, value: kind === "battery" ? percent : temperatureC };
    return [{ resource, unit: kind === "battery" ? "%" : "°C", from, at }] as const;
  });
}

/** Joins neighbours that say the same. */
function merged(instructions: readonly Instruction[]): Instruction[] {
  const found: Instruction[] = [];
  for (const one of instructions) {
    const last = found.at(-1);
    if (
      last &&
      last.validUntil === one.executionTime &&
      last.operationModeId === one.operationModeId &&
      last.operationModeFactor === one.operationModeFactor &&
      last.reason === one.reason
    )
      last.validUntil = one.validUntil;
    else found.push({ ...one });
  }
  return found;
}
