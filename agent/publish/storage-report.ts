import type { Resource } from "../../core/message/resource.ts";
import type { Curtailment, Foretold, Storage } from "../../core/message/storage.ts";
import { whPerLitreK } from "../../planner/heat-device.ts";
import type { ApplianceConfig } from "../config/appliance-config.ts";
import { batteryEfficiency } from "../plan/store-part.ts";

/** What the house foretells of a store; absent where it cannot. */
export interface StoreForecast {
  /** Heat that people will take from a tank, Wh a step. */
  usage?: Foretold;
  /** °C around a room's house. */
  outdoorC?: Foretold;
}

type Mode = Resource["operationModes"][number];

/** What an appliance stores; undefined where it stores nothing or the configuration says too little. */
export function storageOf({ model }: Pick<ApplianceConfig, "model">, foretold: StoreForecast): Storage | undefined {
  switch (model?.kind) {
    case "battery":
      return {
        kind: "battery",
        capacityWh: model.capacityWh,
        fillLevelRange: { from: model.minPercent, to: 100 },
        wearPerKwh: String(Math.round(model.wearPerKwh * 1_000_000)),
      };
    case "tank":
      return {
        kind: "tank",
        whPerK: model.litres * whPerLitreK,
        fillLevelRange: { from: model.minC, to: Math.max(model.minC, model.maxC) },
        leakage: { wPerK: model.lossWPerK, ambientC: model.ambientC },
        ...(foretold.usage && { usage: foretold.usage }),
      };
    case "room":
      return {
        kind: "room",
        whPerK: model.capacityWhPerK,
        fillLevelRange: { from: model.minC, to: Math.max(model.minC, model.maxC) },
        leakage: { wPerK: model.lossWPerK, ...(foretold.outdoorC && { outdoorC: foretold.outdoorC }) },
      };
    default:
      return undefined;
  }
}

/** How fast a mode fills the storage, % or °C an hour. */
export function fillRates({ model }: Pick<ApplianceConfig, "model">, minW: number, maxW: number): Partial<Mode> {
  const rate = (watts: number): number | undefined => {
    switch (model?.kind) {
      case "battery":
        return ((watts > 0 ? watts * batteryEfficiency : watts / batteryEfficiency) * 100) / model.capacityWh;
      case "tank":
        return (watts * model.cop) / (model.litres * whPerLitreK);
      case "room":
        return (watts * model.cop) / model.capacityWhPerK;
      default:
        return undefined;
    }
  };
  const [least, most] = [rate(minW), rate(maxW)];
  if (most === undefined) return {};
  return { fillRate: rounded(most), ...(minW !== maxW && least !== undefined && { minFillRate: rounded(least) }) };
}

/** A thousandth of a percent or degree an hour is exact enough, and short to send. */
const rounded = (rate: number): number => Math.round(rate * 1e6) / 1e6 + 0;

/** How panels can be told to give less; undefined of what has none. */
export function curtailmentOf({ model, modes }: Pick<ApplianceConfig, "model" | "modes">): Curtailment | undefined {
  const limit = modes.find(({ id }) => id === "limit");
  return model?.kind === "pv" && limit ? { consequence: "VANISH", limitMode: limit.id } : undefined;
}
