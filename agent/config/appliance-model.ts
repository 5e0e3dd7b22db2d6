import type { ApplianceYaml } from "./appliance-schema.ts";

/** What the house's own plan reckons an appliance's store with, beside its modes. */
export type ApplianceModel =
  /** What an empty battery takes; it is planned no lower than `minPercent`. */
  | { kind: "battery"; capacityWh: number; minPercent: number; wearPerKwh: number }
  /** Hot water, kept between two temperatures of its sensor. */
  | ({ kind: "tank"; litres: number; ambientC: number } & Warmth)
  /** A house or a room, kept between two temperatures of its sensor. */
  | ({ kind: "room"; capacityWhPerK: number } & Warmth)
  /** Panels that can be told to give less. */
  | { kind: "pv"; maxW: number };

interface Warmth {
  lossWPerK: number;
  /** Heat for each unit of electricity. */
  cop: number;
  minC: number;
  maxC: number;
}

/** Undefined where the configuration says too little: then an appliance is planned by its demand alone. */
export function applianceModel(yaml: ApplianceYaml): ApplianceModel | null {
  switch (yaml.type) {
    case "battery":
      if (yaml.capacity_wh === undefined) return null;
      return { kind: "battery", capacityWh: yaml.capacity_wh, minPercent: yaml.min_soc_percent, wearPerKwh: yaml.wear_per_kwh };
    case "pv":
      return { kind: "pv", maxW: yaml.max_power_w };
    case "ev_charger":
      return null;
    default:
      return warmthModel(yaml);
  }
}

function warmthModel(yaml: Extract<ApplianceYaml, { type: "switched_load" | "heat_pump_sg_ready" }>): ApplianceModel | null {
  const { min_c: least, max_c: most, hysteresis_c: hysteresisC } = yaml.comfort;
  if (yaml.sensor === undefined || least === undefined || most === undefined) return null;
  // Comfort acts at the bounds themselves: a plan that goes up to them would be overruled all day.
  const band = { minC: least + hysteresisC / 2, maxC: most - hysteresisC / 2 };
  const { tank, room } = yaml;
  if (tank)
    return {
      kind: "tank",
      litres: tank.litres,
      ambientC: tank.ambient_c,
      lossWPerK: tank.loss_w_per_k,
      cop: tank.cop,
      ...band,
    };
  if (!room) return null;
  return { kind: "room", capacityWhPerK: room.capacity_wh_per_k, lossWPerK: room.loss_w_per_k, cop: room.cop, ...band };
}
