import { instructionAt } from "../../core/instruction-at.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import type { Slot } from "../../core/slots.ts";
import { settingOf } from "../plan/intent.ts";
import type { LocalAppliance, LocalForecast, Stored } from "../plan/local-input.ts";

/** What the house expects of itself before it trades: the bound of its orders. */
export interface HouseOutlook {
  /** Surplus of each slot without a battery, negative where the house needs energy; Wh. */
  netWh: number[];
  /** A battery whose fill is known; null where there is none. */
  battery: {
    fillWh: number;
    minWh: number;
    capacityWh: number;
    /** In one slot. */
    chargeMaxWh: number;
    dischargeMaxWh: number;
    /** Currency per kWh. */
    wearPerKwh: number;
  } | null;
}

/** Forecasts of load (NaN: unknown) and panels, and what the plan in force has appliances do. Pure. */
export function houseOutlook(
  slots: readonly Slot[],
  house: {
    forecast: Pick<LocalForecast, "baseW" | "pvW">;
    appliances: readonly LocalAppliance[];
    stored: (resource: string) => Stored;
    lists: ReadonlyMap<string, InstructionList>;
  },
): HouseOutlook {
  const [base, pv] = [house.forecast.baseW(slots), house.forecast.pvW(slots)];
  const planned = house.appliances.filter(({ model }) => model?.kind !== "battery" && model?.kind !== "pv");
  const netWh = slots.map(({ startMs, endMs }, slot) => {
    const plannedW = planned.reduce((sum, appliance) => sum + plannedPowerW(appliance, house.lists, startMs), 0);
    const besides = finite(pv[slot]) - plannedW;
    const baseW = base[slot];
    // With an unknown base load nobody knows of a surplus, nor of a need but that of appliances with a plan.
    const watts = baseW !== undefined && Number.isFinite(baseW) ? besides - baseW : Math.min(0, besides);
    return Math.round((watts * (endMs - startMs)) / 3_600_000);
  });
  return { netWh, battery: batteryOf(house, slots[0]) };
}

function plannedPowerW({ resource, modes }: LocalAppliance, lists: ReadonlyMap<string, InstructionList>, atMs: number): number {
  const list = lists.get(resource);
  const instruction = list && instructionAt(list, atMs);
  return (instruction && settingOf(modes, instruction)?.powerW) ?? 0;
}

function batteryOf(
  { appliances, stored }: Pick<Parameters<typeof houseOutlook>[1], "appliances" | "stored">,
  slot: Slot | undefined,
): HouseOutlook["battery"] {
  if (!slot) return null;
  const hours = (slot.endMs - slot.startMs) / 3_600_000;
  for (const { resource, model, modes } of appliances) {
    const { percent } = stored(resource);
    const [top, lowest] = [modes.at(-1), modes[0]];
    if (model?.kind !== "battery" || percent === undefined || !Number.isFinite(percent) || !top || !lowest) continue;
    const fillWh = Math.floor((model.capacityWh * Math.min(100, Math.max(0, percent))) / 100);
    return {
      fillWh,
      minWh: Math.min(fillWh, Math.ceil((model.capacityWh * model.minPercent) / 100)),
      capacityWh: Math.floor(model.capacityWh),
      chargeMaxWh: Math.floor(Math.max(0, top.maxW) * hours),
      dischargeMaxWh: Math.floor(Math.max(0, -lowest.minW) * hours),
      wearPerKwh: model.wearPerKwh,
    };
  }
  return null;
}

/** What nobody knows is taken as nothing: it must not be sold. */
const finite = (watts: number | undefined): number => (watts !== undefined && Number.isFinite(watts) ? watts : 0);
