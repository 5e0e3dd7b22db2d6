import type { InstructionList } from "../../../core/message/instruction.ts";
import type { PlannedResource } from "../../../aggregator/optimise/resource-modes.ts";
import type { Control } from "../../../settlement/record/agreement.ts";
import { boiler } from "../plans.ts";
import { midnightMs, quarterMs } from "../rows.ts";

export const timezone = "Europe/Amsterdam";
const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
/** Instants so many quarters after midnight in Amsterdam. */
export const at = (quarter: number): number => midnightMs + quarter * quarterMs;
export const span = (from: number, to: number) => ({ startMs: at(from), endMs: at(to) });

/** A water heater with a meter that wants 6 kWh between 21:00 and 06:30, at 2 kW. */
export const tank: PlannedResource = {
  ...boiler,
  meter: "tank-meter",
  demand: { kind: "energy", energyWh: 6000, notBefore: "21:00", readyBy: "06:30" },
};
/** A heat pump with a meter that may be held off for an hour and a half. */
export const pump: PlannedResource = {
  ...boiler,
  resource: "pump",
  meter: "pump-meter",
  failsafeMode: "on",
  demand: { kind: "block", maxBlockS: 5400, minFreeS: 1800 },
};

/** A list of times, in quarters after midnight, in which a resource is on or off. */
export const listOf = (resource: string, number: number, ...parts: readonly (readonly [number, number, "on" | "off"])[]) =>
  ({
    plan: uuid(number),
    resource,
    instructions: parts.map(([from, until, operationModeId], part) => ({
      id: uuid(number * 100 + part),
      executionTime: new Date(at(from)).toISOString(),
      validUntil: new Date(at(until)).toISOString(),
      operationModeId,
      reason: "cheap",
    })),
  }) satisfies InstructionList;

export const controlOf = (change: Partial<Control> = {}): Control => ({
  resources: ["boiler", "pump"],
  hours: { from: "00:00", until: "00:00" },
  eventsPerDay: 96,
  ...change,
});
