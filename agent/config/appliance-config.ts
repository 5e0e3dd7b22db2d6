import type { Demand } from "../../core/message/resource.ts";
import { nominalPhaseV } from "../../core/nominal-voltage.ts";
import type { OperationMode, Setting } from "../../core/setting.ts";
import type { TemperatureBand } from "../plan/needs.ts";
import { applianceModel, type ApplianceModel } from "./appliance-model.ts";
import type { ApplianceYaml } from "./appliance-schema.ts";

/** How an appliance is reached: by one contact, by the two of SG-Ready, or by a driver of its own. */
export type ApplianceDeviceConfig =
  | { by: "relay"; relay: string; ratedPowerW: number }
  | { by: "sg_ready"; first: string; second: string; ratedPowerW: number }
  | { by: "driver"; config: DriverYaml };

type DriverYaml = Exclude<ApplianceYaml, { type: "switched_load" | "heat_pump_sg_ready" }>;
type RelayYaml = Exclude<ApplianceYaml, DriverYaml>;

/** An appliance after checks; powers in W, times in ms. */
export interface ApplianceConfig {
  name: string;
  device: ApplianceDeviceConfig;
  modes: readonly OperationMode[];
  /** Its declared failsafe setting. */
  safe: Setting;
  least: Setting;
  stepW: number;
  phases: readonly number[] | null;
  minOnMs: number;
  minOffMs: number;
  /** It may be kept from drawing for so long at a time; null where that has no limit. */
  maxOffMs: number | null;
  maxOffAlways: boolean;
  /** What it is for; null where nothing is asked of it. */
  demand: Demand | null;
  /** Load meter that measures it alone; null where it goes by what it is set to. */
  meter: string | null;
  /** State of charge that the car must reach, where the charger tells it; else the demand's energy counts. */
  targetSoc: { percent: number; batteryWh: number } | null;
  /** Sensor that its temperatures come from, and what they should be. */
  temperature: { sensor: string; band: TemperatureBand } | null;
  /** Below it a battery gives nothing by a plan, percent; null where it is no battery. */
  reservePercent: number | null;
  handHoldMs: number;
  /** What the own plan reckons its store with; null where it has none, or too little is known. */
  model: ApplianceModel | null;
}

/** Steps in which a battery is set when there is not room for all of it, W. */
const batteryStepW = 100;
/** Powers are whole W; as a product 16.1 A on three phases are a hair more than 11,109. */
const hairW = 1e-6;

/** @param closedOnBoot whether a relay's declared safe state is closed */
export function applianceConfig(name: string, yaml: ApplianceYaml, closedOnBoot: (relay: string) => boolean): ApplianceConfig {
  switch (yaml.type) {
    case "switched_load":
      return switchedLoad(name, yaml, closedOnBoot(yaml.relay));
    case "heat_pump_sg_ready":
      return sgReadyHeatPump(name, yaml);
    case "ev_charger":
      return evCharger(name, yaml);
    case "battery":
      return {
        ...plain(name, yaml),
        ...batteryModes(yaml),
        stepW: batteryStepW,
        meter: yaml.meter ?? null,
        reservePercent: yaml.min_soc_percent,
      };
    case "pv":
      return { ...plain(name, yaml), ...pvModes(yaml) };
  }
}

type Of<Type extends ApplianceYaml["type"]> = Extract<ApplianceYaml, { type: Type }>;
type Modes = Pick<ApplianceConfig, "modes" | "safe" | "least">;

function switchedLoad(name: string, yaml: Of<"switched_load">, safeOn: boolean): ApplianceConfig {
  const [off, on] = [fixed("off", 0), fixed("on", yaml.rated_power_w)];
  return {
    ...byRelay(name, yaml),
    device: { by: "relay", relay: yaml.relay, ratedPowerW: yaml.rated_power_w },
    modes: [off, on],
    safe: settingOf(safeOn ? on : off),
    least: settingOf(off),
    maxOffAlways: false,
  };
}

function sgReadyHeatPump(name: string, yaml: Of<"heat_pump_sg_ready">): ApplianceConfig {
  const [lock, normal] = [fixed("lock", 0), fixed("normal", yaml.rated_power_w)];
  const [first, second] = yaml.relays;
  return {
    ...byRelay(name, yaml),
    device: { by: "sg_ready", first, second, ratedPowerW: yaml.rated_power_w },
    modes: [lock, normal, fixed("recommended", yaml.rated_power_w), fixed("forced", yaml.rated_power_w)],
    safe: settingOf(normal),
    least: settingOf(lock),
    maxOffAlways: true,
  };
}

function byRelay(name: string, yaml: RelayYaml): Omit<ApplianceConfig, "device" | "modes" | "safe" | "least" | "maxOffAlways"> {
  const { comfort } = yaml;
  const block = "max_block_s" in comfort ? comfort : null;
  return {
    name,
    stepW: 0,
    phases: yaml.phases ?? null,
    // After a block it stays free at least so long, whatever a new plan says.
    minOnMs: Math.max(yaml.min_on_s, block?.min_free_s ?? 0) * 1000,
    minOffMs: yaml.min_off_s * 1000,
    maxOffMs: block ? block.max_block_s * 1000 : null,
    demand: demandOf(comfort),
    meter: yaml.meter ?? null,
    targetSoc: null,
    temperature: yaml.sensor === undefined ? null : { sensor: yaml.sensor, band: bandOf(comfort) },
    reservePercent: null,
    handHoldMs: yaml.hand_hold_s * 1000,
    model: applianceModel(yaml),
  };
}

function evCharger(name: string, yaml: Of<"ev_charger">): ApplianceConfig {
  const { phases, min_current_a: minA, max_current_a: maxA, comfort, battery_wh: batteryWh } = yaml;
  const { target_soc_percent: percent } = comfort;
  const wattsPerA = phases * nominalPhaseV;
  const minW = Math.ceil(minA * wattsPerA - hairW);
  const charge = { id: "charge", minW, maxW: Math.max(minW, Math.floor(maxA * wattsPerA + hairW)) };
  const failsafeA = Math.min(yaml.failsafe_current_a, maxA);
  const off = fixed("off", 0);
  return {
    ...plain(name, yaml),
    modes: [off, charge],
    // Below its least current a charger does not charge.
    safe:
      failsafeA < minA ? settingOf(off) : { mode: charge.id, powerW: Math.max(minW, Math.floor(failsafeA * wattsPerA + hairW)) },
    least: settingOf(off),
    stepW: wattsPerA,
    phases: yaml.house_phases ?? (phases === 3 ? [1, 2, 3] : null),
    minOnMs: yaml.min_on_s * 1000,
    minOffMs: yaml.min_off_s * 1000,
    demand: demandOf(comfort),
    meter: yaml.meter ?? null,
    targetSoc: percent === undefined || batteryWh === undefined ? null : { percent, batteryWh },
  };
}

function batteryModes({ max_charge_w: chargeW, max_discharge_w: dischargeW }: Of<"battery">): Modes {
  const auto = fixed("auto", 0);
  return {
    modes: [{ id: "discharge", minW: -dischargeW, maxW: 0 }, auto, { id: "charge", minW: 0, maxW: chargeW }],
    safe: settingOf(auto),
    least: settingOf(auto),
  };
}

function pvModes({ max_power_w: mostW }: Of<"pv">): Modes {
  const free = fixed("free", -mostW);
  return { modes: [free, { id: "limit", minW: -mostW, maxW: 0 }], safe: settingOf(free), least: settingOf(free) };
}

function plain(name: string, yaml: DriverYaml): Omit<ApplianceConfig, keyof Modes> {
  return {
    name,
    device: { by: "driver", config: yaml },
    stepW: 0,
    phases: null,
    minOnMs: 0,
    minOffMs: 0,
    maxOffMs: null,
    maxOffAlways: false,
    demand: null,
    meter: null,
    targetSoc: null,
    temperature: null,
    reservePercent: null,
    handHoldMs: yaml.hand_hold_s * 1000,
    model: applianceModel(yaml),
  };
}

const fixed = (id: string, powerW: number): OperationMode => ({ id, minW: powerW, maxW: powerW });
const settingOf = ({ id, maxW }: OperationMode): Setting => ({ mode: id, powerW: maxW });

function demandOf(comfort: (RelayYaml | Of<"ev_charger">)["comfort"]): Demand {
  return "max_block_s" in comfort
    ? { kind: "block", maxBlockS: comfort.max_block_s, minFreeS: comfort.min_free_s }
    : { kind: "energy", energyWh: comfort.energy_wh_per_day, notBefore: comfort.not_before, readyBy: comfort.ready_by };
}

function bandOf({ min_c: minC, max_c: maxC, frost_c: frostC, hysteresis_c: hysteresisC }: RelayYaml["comfort"]): TemperatureBand {
  return {
    hysteresisC,
    ...(minC !== undefined && { minC }),
    ...(maxC !== undefined && { maxC }),
    ...(frostC !== undefined && { frostC }),
  };
}
