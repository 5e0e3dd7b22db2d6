import { iso } from "../../core/clock/clock.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import type { Demand } from "../../core/message/resource.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import { planHome } from "../../planner/plan-home.ts";
import { priceBook } from "../../planner/price-book.ts";
import { draws } from "../guard/guarded-appliance.ts";
import type { Planned } from "./intent.ts";
import { localProblem, type ProblemPart } from "./local-problem.ts";

/** An appliance that the house plans by itself. */
export type LocalAppliance = Planned & { demand: Demand | null; minOnMs: number; minOffMs: number };

/** What the house plans by itself with. */
export interface LocalPlanInput {
  appliances: readonly LocalAppliance[];
  /** In order of announcement. */
  prices: readonly PriceSeries[];
  /** Already given in the demand window under way, Wh. */
  deliveredWh: (resource: string) => number;
  /** What else the house will draw in each slot, W. */
  baseW: (slots: readonly PricedSlot[]) => readonly number[];
  nowMs: number;
  slotMinutes: number;
  zone: string;
  maxImportW: number;
  /** The plan in force: kept where a new one is hardly better. */
  previous?: ReadonlyMap<string, InstructionList> | undefined;
}

const horizonMs = 36 * 3_600_000;
/** Instructions of the house to itself need no id of their own. */
const noId = "00000000-0000-4000-8000-000000000000";

/** The slots that a plan of this moment is made for: as far as prices are known. */
export function pricedSlots({ prices, nowMs, slotMinutes }: LocalPlanInput): PricedSlot[] {
  return priceBook(prices).slots(nowMs, nowMs + horizonMs, slotMinutes);
}

/**
 * The house's own plan for when nobody else has one: the cheapest that gives each appliance its energy in time under the
 * house's limit, by the prices that are known. Empty without prices. What does not fit is said in the reasons. Pure.
 */
export function localPlan(input: LocalPlanInput): Map<string, InstructionList> {
  const slots = pricedSlots(input);
  const made = localProblem(input, slots);
  if (!made) return new Map();
  const outcome = planHome(made.problem, { name: "fast" }, () => 0);
  const powers = new Map(outcome.appliances.map(({ name, power_w: watts }) => [name, watts]));
  const missing = new Map(
    outcome.shortfalls.flatMap(({ appliance, kind, amount }) => (kind === "below-minimum" ? [[appliance, amount] as const] : [])),
  );
  const lists = new Map<string, InstructionList>();
  for (const appliance of input.appliances) {
    const parts = made.parts.filter(({ resource }) => resource === appliance.resource);
    if (parts.length === 0) continue;
    const instructions = slots.map(({ startMs, endMs }, slot) => {
      const part = parts.find(({ from, until }) => slot >= from && slot < until);
      const powerW = parts.reduce((sum, { name }) => sum + (powers.get(name)?.[slot] ?? 0), 0);
      return {
        id: noId,
        executionTime: iso(startMs),
        validUntil: iso(endMs),
        ...settingFor(appliance, powerW),
        reason: reasonOf(part, powerW > 0, part ? missing.get(part.name) : undefined),
      };
    });
    lists.set(appliance.resource, { plan: noId, resource: appliance.resource, instructions: merged(instructions) });
  }
  return lists;
}

type Instruction = InstructionList["instructions"][number];

function reasonOf(part: ProblemPart | undefined, on: boolean, missingWh: number | undefined): string {
  if (part && part.readyBy === null) return `own plan: ${on ? "free to run" : "dear time, runs a little later"}`;
  if (!part || !on) return "own plan: not needed now";
  const short = missingWh === undefined ? "" : `; ${Math.ceil(missingWh)} Wh will be missing`;
  return `own plan: cheapest time before ${part.readyBy}${short}`;
}

/** On is how it rests where it draws then, such as SG-Ready's normal, else its last mode, as strongly as planned. */
function settingFor(
  { modes, safe, least }: LocalAppliance,
  powerW: number,
): Pick<Instruction, "operationModeId"> & Partial<Pick<Instruction, "operationModeFactor">> {
  if (powerW <= 0) return { operationModeId: least.mode };
  const top = modes.at(-1);
  if (!top || (draws(safe) && top.minW === top.maxW)) return { operationModeId: safe.mode };
  if (top.minW === top.maxW) return { operationModeId: top.id };
  const factor = (powerW - top.minW) / (top.maxW - top.minW);
  return { operationModeId: top.id, operationModeFactor: Math.round(Math.max(0, Math.min(1, factor)) * 1000) / 1000 };
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
