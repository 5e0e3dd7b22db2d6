import type { Instruction } from "../../core/message/instruction.ts";
import type { Resource } from "../../core/message/resource.ts";
import { curtailedMode, leastW, onMode, type StoreResource } from "./resource-modes.ts";

/** What an instruction tells. */
export type Setting = Pick<Instruction, "operationModeId" | "operationModeFactor" | "reason">;
type Mode = Resource["operationModes"][number];

/** A slot in which a battery evens out the house so nearly that it is left to do so by itself, W. */
const evenW = 60;

/** Where in the range of a mode a power is: never above it, and the same again when the plan is looked at anew. */
export function factorOf(mode: Mode, powerW: number): Pick<Setting, "operationModeFactor"> {
  if (leastW(mode) === mode.powerW) return {};
  const factor = Math.max(0, Math.min(1, (powerW - leastW(mode)) / (mode.powerW - leastW(mode))));
  return { operationModeFactor: Math.floor(factor * 1e6 + 1e-3) / 1e6 };
}

/**
 * How a battery is told what it is planned to do. By itself it follows its house from second to second, which no plan can: where
 * the plan has it even out the house, it is left to do so.
 * @param gridW what the whole house then takes from the grid
 */
export function batterySetting(resource: StoreResource, powerW: number, gridW: number): Setting {
  const byItself: Setting = { operationModeId: resource.failsafeMode, reason: "evens out the house by itself" };
  if (Math.abs(gridW) <= evenW && Math.abs(powerW) > evenW) return byItself;
  const { operationModes } = resource;
  const mode =
    powerW < 0
      ? operationModes.find((one) => leastW(one) < 0)
      : operationModes.toSorted((one, other) => other.powerW - one.powerW)[0];
  if (!mode || (powerW > 0 && mode.powerW <= 0)) return byItself;
  const reason =
    powerW > 0
      ? "charges when it is cheap and the feeder has room"
      : powerW < 0
        ? "gives when it is dear or the feeder is full"
        : "holds for a dearer time";
  return { operationModeId: mode.id, ...factorOf(mode, powerW), reason };
}

/** How a tank or a room is told: on as it rests, or as it is invited to take heat that its thermostat would not ask for yet. */
export function warmthSetting(resource: StoreResource, powerW: number): Setting {
  const { from, to } = resource.storage.fillLevelRange;
  const least = resource.operationModes.toSorted((one, other) => one.powerW - other.powerW)[0];
  if (powerW <= 0) return { operationModeId: least?.id ?? resource.failsafeMode, reason: "warm enough until a cheaper time" };
  const invited = resource.storage.kind === "room" ? resource.operationModes.find(({ id }) => id === "recommended") : undefined;
  return {
    operationModeId: (invited ?? onMode(resource)).id,
    reason: `cheapest time to keep ${from} to ${to} °C that the feeder has room for`,
  };
}

/** How panels are told to give no more than there is use for. */
export function panelSetting(resource: Resource, givesW: number, curtailedW: number): Setting {
  const mode = curtailedMode(resource);
  if (!mode || curtailedW < 1) return { operationModeId: resource.failsafeMode, reason: "gives what it can" };
  return {
    operationModeId: mode.id,
    ...factorOf(mode, -givesW),
    reason: "what is fed in now costs money, or the feeder is full",
  };
}
