import type { InstructionList } from "../../core/message/instruction.ts";
import { draws } from "../guard/guarded-appliance.ts";
import type { LocalAppliance } from "./local-input.ts";
import type { ProblemPart } from "./problem-part.ts";

type Instruction = InstructionList["instructions"][number];
/** Mode and strength of an instruction. */
export type PlannedSetting = Pick<Instruction, "operationModeId"> & Partial<Pick<Instruction, "operationModeFactor">>;

/** A slot in which a battery evens out the house so nearly that it is left to do so by itself, W. */
const evenW = 60;

/**
 * How an appliance is told to do what the plan has it do.
 * @param powerW what it is to draw
 * @param gridW what the whole house then draws
 */
export function plannedSetting(
  appliance: LocalAppliance,
  kind: ProblemPart["kind"],
  powerW: number,
  gridW: number,
): PlannedSetting {
  const { modes, safe, least } = appliance;
  if (kind === "battery") return batterySetting(appliance, powerW, gridW);
  if (powerW <= 0) return { operationModeId: least.mode };
  const top = modes.at(-1);
  // SG-Ready: it is invited to take heat now, which its own thermostat would not yet ask for.
  if (kind === "room" && modes.some(({ id }) => id === "recommended")) return { operationModeId: "recommended" };
  // On is how it rests where it draws then, such as SG-Ready's normal, else its last mode, as strongly as planned.
  if (!top || (draws(safe) && top.minW === top.maxW)) return { operationModeId: safe.mode };
  return { operationModeId: top.id, ...factorOf(top, powerW) };
}

/** By itself it follows the house from second to second, which no plan can: only what differs from that is told. */
function batterySetting({ modes, safe }: LocalAppliance, powerW: number, gridW: number): PlannedSetting {
  const mode = modes.find(({ id }) => id === (powerW < 0 ? "discharge" : "charge"));
  if (!mode || (Math.abs(gridW) <= evenW && Math.abs(powerW) > evenW)) return { operationModeId: safe.mode };
  return { operationModeId: mode.id, ...factorOf(mode, powerW) };
}

/** Panels give no more than the plan has use for. */
export function curtailedSetting({ modes, safe }: LocalAppliance, givesW: number): PlannedSetting {
  const mode = modes.find(({ id }) => id === "limit");
  return mode ? { operationModeId: mode.id, ...factorOf(mode, -givesW) } : { operationModeId: safe.mode };
}

function factorOf({ minW, maxW }: { minW: number; maxW: number }, powerW: number): Pick<PlannedSetting, "operationModeFactor"> {
  if (minW === maxW) return {};
  const factor = (powerW - minW) / (maxW - minW);
  return { operationModeFactor: Math.round(Math.max(0, Math.min(1, factor)) * 1000) / 1000 };
}
