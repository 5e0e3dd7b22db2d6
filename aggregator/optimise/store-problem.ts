import type { ResourceStatus } from "../../core/message/resource.ts";
import type { Foretold } from "../../core/message/storage.ts";
import type { Slot } from "../../core/slots.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import { whPerLitreK } from "../../planner/heat-device.ts";
import type { Standing } from "../../planner/standing.ts";
import type { ProblemPart } from "./home-problem.ts";
import { leastW, onMode, type StoreResource } from "./resource-modes.ts";

/** A gateway tells it every quarter of an hour at least: three of them that did not come are no accident. */
const oldFillMs = 45 * 60_000;
/** Of the mean price: what is in a store at the end of the plan is used later, and a little is lost until then. */
const endShare = 0.9;
/** Money for each start: what saves less is not worth switching for. */
const startCost = 0.005;
/** Where the house does not tell the weather. */
const unknownOutdoorC = 5;

/** How full a storage is, as far as that is known now; undefined where nothing was told or it is too old. */
export function freshFill(status: ResourceStatus | undefined, nowMs: number): number | undefined {
  const { value, at } = status?.fillLevel ?? {};
  if (value === undefined || at === undefined) return undefined;
  return Math.abs(nowMs - Date.parse(at)) <= oldFillMs ? value : undefined;
}

/** Power range of a battery, W, both positive; 0 where it cannot. */
export function batteryPowers({ operationModes }: Pick<StoreResource, "operationModes">): {
  chargeW: number;
  dischargeW: number;
} {
  return {
    chargeW: Math.max(0, ...operationModes.map(({ powerW }) => powerW)),
    dischargeW: Math.max(0, ...operationModes.map((mode) => -leastW(mode))),
  };
}

/** Share of what goes in that comes to be stored, and of what is taken out that comes out; from the fill rates of the modes. */
export function batteryEfficiencies({ operationModes, storage }: StoreResource): { charge: number; discharge: number } {
  if (storage.kind !== "battery") return { charge: 1, discharge: 1 };
  const { chargeW, dischargeW } = batteryPowers({ operationModes });
  const charging = operationModes.find(({ powerW }) => powerW === chargeW);
  const giving = operationModes.find((mode) => -leastW(mode) === dischargeW);
  const toWh = storage.capacityWh / 100;
  const [inWh, outWh] = [(charging?.fillRate ?? 0) * toWh, -(giving?.minFillRate ?? giving?.fillRate ?? 0) * toWh];
  return {
    charge: chargeW > 0 && inWh > 0 ? inWh / chargeW : 1,
    discharge: dischargeW > 0 && outWh > 0 ? dischargeW / outWh : 1,
  };
}

/** Heat that a tank or a room gets for each Wh that is drawn; from the fill rate of its mode. */
export function heatPerWh({ storage, ...resource }: StoreResource): number {
  const on = onMode(resource);
  return storage.kind === "battery" || on.fillRate === undefined ? 1 : (on.fillRate * storage.whPerK) / on.powerW;
}

/**
 * A store as an appliance of the home's planning problem.
 * @param at.fill percent or °C
 * @param at.agreed whether the contract leaves it to plans, by slot; outside it is by itself
 * @param at.meanPrice currency per kWh
 * @param at.drawW heat that people take by what was seen, by slot; null where too little was: counts where the home foretells none
 */
export function storePart(
  resource: StoreResource,
  slots: readonly PricedSlot[],
  at: {
    fill: number;
    agreed: readonly boolean[];
    meanPrice: number;
    stands: Standing;
    drawW?: readonly number[] | null;
  },
): { part: ProblemPart; appliance: object } {
  const { resource: name, storage, minOnS, minOffS } = resource;
  const { from, to } = storage.fillLevelRange;
  const part: ProblemPart = { name, resource, kind: storage.kind, readyBy: null, from: 0, until: slots.length };
  if (storage.kind === "battery") {
    const whOf = (percent: number): number => (storage.capacityWh * percent) / 100;
    const nowWh = whOf(Math.min(100, Math.max(0, at.fill)));
    const { chargeW, dischargeW } = batteryPowers(resource);
    const { charge, discharge } = batteryEfficiencies(resource);
    return {
      part,
      appliance: {
        // A car knows when it is there: here, when the contract leaves it to plans.
        type: "ev",
        plugged: spansOf(at.agreed),
        name,
        capacity_wh: storage.capacityWh,
        // What is below the reserve now need not come up at any price, nor down what is above the range.
        min_wh: Math.min(whOf(from), nowWh),
        max_wh: Math.max(whOf(to), nowWh),
        initial_wh: nowWh,
        charge_max_w: chargeW,
        discharge_max_w: dischargeW,
        charge_efficiency: Math.min(1, charge),
        discharge_efficiency: Math.min(1, discharge),
        wear_per_kwh: Number(storage.wearPerKwh ?? 0) / 1_000_000,
        final_value_per_kwh: Math.max(0, at.meanPrice * endShare * Math.min(1, discharge)),
      },
    };
  }
  const on = onMode(resource);
  const cop = heatPerWh(resource);
  const warmth = {
    name,
    initial_c: at.fill,
    min_c: from,
    max_c: to,
    loss_w_per_k: storage.leakage.wPerK,
    power_w: on.powerW,
    on_off: true,
    cop,
    min_on_minutes: minOnS / 60,
    min_off_minutes: minOffS / 60,
    start_cost: startCost,
    final_value_per_kwh: Math.max(0, (at.meanPrice * endShare) / cop),
    ...at.stands,
  };
  if (storage.kind === "tank")
    return {
      part,
      appliance: {
        type: "water_heater",
        litres: storage.whPerK / whPerLitreK,
        ambient_c: storage.leakage.ambientC,
        draw_wh: slots.map((slot, index) =>
          // A home that foretells nothing at all has no history of its own yet.
          storage.usage?.values.some((wh) => wh > 0) || !at.drawW
            ? usedWh(storage.usage, slot)
            : ((at.drawW[index] ?? 0) * (slot.endMs - slot.startMs)) / 3_600_000,
        ),
        ...warmth,
      },
    };
  const { demand } = resource;
  const { outdoorC } = storage.leakage;
  return {
    part,
    appliance: {
      type: "heat_pump",
      capacity_wh_per_k: storage.whPerK,
      outdoor_c: slots.map(({ startMs }) => foretoldAt(outdoorC, startMs) ?? unknownOutdoorC),
      ...(demand?.kind === "block" && { max_lock_minutes: demand.maxBlockS / 60, min_free_minutes: demand.minFreeS / 60 }),
      ...warmth,
    },
  };
}

/** Runs of slots that are agreed. */
function spansOf(agreed: readonly boolean[]): { from: number; until: number }[] {
  const spans: { from: number; until: number }[] = [];
  for (const [slot, may] of agreed.entries()) {
    const last = spans.at(-1);
    if (may && last?.until === slot) last.until = slot + 1;
    else if (may) spans.push({ from: slot, until: slot + 1 });
  }
  return spans;
}

/** The value of a series at an instant; of the same time a day before where it ends earlier, else undefined. */
function foretoldAt(series: Foretold | undefined, atMs: number): number | undefined {
  if (!series) return undefined;
  const at = (ms: number): number | undefined =>
    series.values[Math.floor((ms - Date.parse(series.start)) / (series.stepS * 1000))];
  return at(atMs) ?? at(atMs - 24 * 3_600_000);
}

/** Heat that people will take in a slot, Wh, as a home foretells it. */
export function usedWh(usage: Foretold | undefined, { startMs, endMs }: Slot): number {
  const perStep = foretoldAt(usage, startMs) ?? 0;
  return usage ? Math.max(0, (perStep * (endMs - startMs)) / (usage.stepS * 1000)) : 0;
}
