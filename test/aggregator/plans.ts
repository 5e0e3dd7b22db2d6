import type { InstructionList } from "../../core/message/instruction.ts";
import type { Resource, ResourceStatus } from "../../core/message/resource.ts";
import type { Contracts } from "../../aggregator/reward/under-contract.ts";
import { midnightMs } from "./rows.ts";

/** A water heater that needs 6 kWh by half past six. */
export const boiler: Resource = {
  v: 1,
  resource: "boiler",
  controlType: "OMBC",
  operationModes: [
    { id: "off", powerW: 0 },
    { id: "on", powerW: 2000 },
  ],
  minOnS: 600,
  minOffS: 300,
  failsafeMode: "off",
  demand: { kind: "energy", energyWh: 6000, notBefore: "21:00", readyBy: "06:30" },
  timezone: "Europe/Amsterdam",
  maxImportW: 17_250,
};

/** A heat pump that may be held off for an hour and a half. */
export const heatPump: Resource = {
  ...boiler,
  resource: "heat_pump",
  operationModes: [
    { id: "off", powerW: 0 },
    { id: "on", powerW: 2500 },
  ],
  failsafeMode: "on",
  demand: { kind: "block", maxBlockS: 5400, minFreeS: 5400 },
};

/** A car that needs so much by seven, with any power that its charger has. */
export const carWanting = (energyWh: number): Resource => ({
  ...boiler,
  resource: "charger",
  operationModes: [
    { id: "off", powerW: 0 },
    { id: "charge", powerW: 7400, minPowerW: 1380 },
  ],
  minOnS: 0,
  minOffS: 0,
  demand: { kind: "energy", energyWh, notBefore: "18:00", readyBy: "07:00" },
});
export const charger = carWanting(11_100);

const { demand: _, ...bare } = boiler;

/** A battery of 10 kWh that takes and gives up to 4 kW at 95 % each way, and keeps a fifth. */
export const battery = {
  ...bare,
  resource: "battery",
  operationModes: [
    { id: "discharge", powerW: 0, minPowerW: -4000, fillRate: 0, minFillRate: -42.105263 },
    { id: "auto", powerW: 0, fillRate: 0 },
    { id: "charge", powerW: 4000, minPowerW: 0, fillRate: 38, minFillRate: 0 },
  ],
  minOnS: 0,
  minOffS: 0,
  failsafeMode: "auto",
  storage: { kind: "battery", capacityWh: 10_000, fillLevelRange: { from: 20, to: 100 }, wearPerKwh: "10000" },
} satisfies Resource;

/** Panels of 6 kW that can be told to give less. */
export const roof: Resource = {
  ...bare,
  resource: "roof",
  operationModes: [
    { id: "free", powerW: -6000 },
    { id: "limit", powerW: 0, minPowerW: -6000 },
  ],
  minOnS: 0,
  minOffS: 0,
  failsafeMode: "free",
  curtailment: { consequence: "VANISH", limitMode: "limit" },
};

/** How full a storage is. */
export const filled = (resource: Resource, value: number, atMs = midnightMs): ResourceStatus => ({
  ...statusOf(resource.resource, 0),
  operationModeId: resource.failsafeMode,
  fillLevel: { value, at: new Date(atMs).toISOString() },
});

const uuid = (number: number): string => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

/** A plan with one instruction, told apart by its number. */
export function planOf(resource: string, number: number): InstructionList {
  const instruction = {
    executionTime: new Date(midnightMs).toISOString(),
    validUntil: new Date(midnightMs + 3_600_000).toISOString(),
  };
  return {
    plan: uuid(number),
    resource,
    instructions: [{ id: uuid(1000 + number), ...instruction, operationModeId: "on", reason: "cheap" }],
  };
}

export function statusOf(resource: string, deliveredWh: number): ResourceStatus {
  return { v: 1, resource, at: new Date(midnightMs).toISOString(), operationModeId: "off", reason: "plan", deliveredWh };
}

/** Contracts without limits, by the hash that homes have. */
export function named(hashes: Record<string, string>): Contracts {
  return {
    termsOf: () => null,
    begun: async () => [],
    async underContract(site, lists) {
      const agreement = hashes[site];
      return lists.map((list) => ({ ...list, ...(agreement !== undefined && { agreement }) }));
    },
    changesBy: async () => [],
  };
}
