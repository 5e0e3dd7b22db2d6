import { instructionAt } from "../../core/instruction-at.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import type { Demand, Resource } from "../../core/message/resource.ts";
import { restingMode } from "../../core/resting-mode.ts";

/** An appliance that something is asked of. */
export type PlannedResource = Resource & { demand: Demand };

/** Whether something is asked of an appliance; what nothing is asked of, such as a battery, its home plans itself. */
export const isPlanned = (resource: Resource): resource is PlannedResource => resource.demand !== undefined;

type Mode = Resource["operationModes"][number];

/** The mode that draws least. */
export function leastMode({ operationModes, failsafeMode }: Resource): Mode {
  return operationModes.toSorted((one, other) => one.powerW - other.powerW)[0] ?? { id: failsafeMode, powerW: 0 };
}

/** The mode that it rests in where that draws, such as SG-Ready's normal, else the one that draws most. */
export function onMode(resource: Resource): Mode {
  return restingMode(resource) ?? leastMode(resource);
}

/** The least that a mode draws, W. */
export const leastW = ({ powerW, minPowerW }: Mode): number => minPowerW ?? powerW;

/** What a list has an appliance draw at an instant, W; undefined where it says nothing then. */
export function instructedW(resource: Resource, list: InstructionList, atMs: number): number | undefined {
  const instruction = instructionAt(list, atMs);
  const mode = resource.operationModes.find(({ id }) => id === instruction?.operationModeId);
  if (!instruction || !mode) return undefined;
  return leastW(mode) + (instruction.operationModeFactor ?? 1) * (mode.powerW - leastW(mode));
}
