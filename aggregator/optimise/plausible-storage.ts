import type { Resource } from "../../core/message/resource.ts";
import { batteryEfficiencies, batteryPowers } from "./store-problem.ts";
import { isStore, onMode } from "./resource-modes.ts";

/** The largest battery of a truck-like car twice over, Wh. */
const mostCapacityWh = 300_000;
/** A battery that is full in less than five minutes is none, 1/h. */
const mostRate = 12;
const leastEfficiency = 0.4;
/** Rounded rates may come to a hair more than all of it. */
const mostEfficiency = 1.001;
/** 20,000 litres of water. */
const mostTankWhPerK = 25_000;
const mostRoomWhPerK = 1_000_000;
/** A store that loses half of its heat within so short a time is described wrongly, h. */
const leastHalfLifeH = 0.5;
const mostCop = 10;
const mostUsedWh = 50_000;

/**
 * Why what a home says of a storage, or of panels that it lets be curtailed, cannot be true; undefined where it can. A plan that
 * rests on it would spoil those of its neighbours: such a resource is planned without it.
 */
export function implausible(resource: Resource): string | undefined {
  return storageIssue(resource) ?? curtailmentIssue(resource);
}

function storageIssue(resource: Resource): string | undefined {
  if (!isStore(resource)) return undefined;
  const { storage } = resource;
  if (storage.kind === "battery") {
    if (storage.capacityWh > mostCapacityWh)
      return `storage.capacityWh is ${storage.capacityWh}, at most ${mostCapacityWh} was expected`;
    const { chargeW, dischargeW } = batteryPowers(resource);
    if (chargeW === 0 && dischargeW === 0) return "no operation mode of the battery charges or discharges";
    if (Math.max(chargeW, dischargeW) > storage.capacityWh * mostRate)
      return `storage.capacityWh is ${storage.capacityWh}, which ${Math.max(chargeW, dischargeW)} W fill or empty within minutes`;
    const { charge, discharge } = batteryEfficiencies(resource);
    for (const [rate, share] of [
      ["charging", charge],
      ["discharging", discharge],
    ] as const)
      if (share < leastEfficiency || share > mostEfficiency)
        return `fillRate of ${rate} means an efficiency of ${share.toFixed(2)}, ${leastEfficiency} to 1 was expected`;
    if (Number(storage.wearPerKwh ?? 0) < 0) return "storage.wearPerKwh is below 0";
    return undefined;
  }
  const on = onMode(resource);
  if (on.powerW <= 0) return `no operation mode of the ${storage.kind} draws anything`;
  const most = storage.kind === "tank" ? mostTankWhPerK : mostRoomWhPerK;
  if (storage.whPerK > most) return `storage.whPerK is ${storage.whPerK}, at most ${most} was expected`;
  const cop = on.fillRate === undefined ? 1 : (on.fillRate * storage.whPerK) / on.powerW;
  if (!(cop > 0 && cop <= mostCop))
    return `fillRate means ${cop.toFixed(2)} Wh of heat for each Wh, up to ${mostCop} was expected`;
  if (storage.leakage.wPerK * leastHalfLifeH > storage.whPerK * Math.LN2)
    return `storage.leakage.wPerK is ${storage.leakage.wPerK}: half of the heat would be gone within ${leastHalfLifeH * 60} minutes`;
  if (storage.kind === "tank" && storage.usage?.values.some((wh) => wh < 0 || wh > mostUsedWh))
    return `storage.usage has values that are not within 0 to ${mostUsedWh} Wh`;
  if (storage.kind === "room" && storage.leakage.outdoorC?.values.some((c) => c < -60 || c > 60))
    return "storage.leakage.outdoorC has values that are not within -60 to 60 °C";
  return undefined;
}

function curtailmentIssue({ curtailment, operationModes }: Resource): string | undefined {
  if (!curtailment) return undefined;
  const mode = operationModes.find(({ id }) => id === curtailment.limitMode);
  if (!mode) return `curtailment.limitMode "${curtailment.limitMode}" is not one of the operation modes`;
  if (!(mode.minPowerW !== undefined && mode.minPowerW < 0 && mode.powerW <= 0))
    return `mode "${mode.id}" has no range below 0 W in which a limit could be set`;
  return undefined;
}
