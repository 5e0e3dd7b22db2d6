import { instructionAt } from "../../core/instruction-at.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import type { Demand, Resource } from "../../core/message/resource.ts";
import type { Storage } from "../../core/message/storage.ts";
import { restingMode } from "../../core/resting-mode.ts";

/** An appliance that something is asked of. */
export type PlannedResource = Resource & { demand: Demand };

/** An appliance that stores something, and says so. */
export type StoreResource = Resource & { storage: Storage };

export const isStore = (resource: Resource): resource is StoreResource => resource.storage !== undefined;

/** A battery is planned by how full it is alone: nothing is asked of it by a time. */
export const isBattery = (resource: Resource): resource is StoreResource => resource.storage?.kind === "battery";

/** Whether something is asked of an appliance by a time, or it may be held off. */
export const isPlanned = (resource: Resource): resource is PlannedResource => resource.demand !== undefined;

/** What can be set in between, wants energy by a time and stores nothing here: it charges something that comes and goes. */
export function isCar(resource: Resource): resource is PlannedResource {
  const on = onMode(resource);
  return resource.demand?.kind === "energy" && !isStore(resource) && leastW(on) < on.powerW;
}

/** What takes a daily energy and is no car: a water heater, mostly. */
export const isHeater = (resource: Resource): boolean =>
  resource.storage?.kind === "tank" || (resource.demand?.kind === "energy" && !isCar(resource));

/** The mode in whose range panels are held back; undefined of what cannot be. */
export const curtailedMode = ({ operationModes, curtailment }: Resource): Mode | undefined =>
  operationModes.find(({ id }) => id === curtailment?.limitMode);

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
