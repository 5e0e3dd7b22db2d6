import type { Demand } from "../../core/message/resource.ts";
import type { OperationMode, Setting } from "../../core/setting.ts";
import type { TemperatureBand } from "../plan/needs.ts";
import type { ApplianceYaml } from "./appliance-schema.ts";

/** How an appliance is reached: by one contact, or by the two of SG-Ready. */
export type ApplianceDeviceConfig =
  | { by: "relay"; relay: string; ratedPowerW: number }
  | { by: "sg_ready"; first: string; second: string; ratedPowerW: number };

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
  /** Sensor that its temperatures come from, and what they should be. */
  temperature: { sensor: string; band: TemperatureBand } | null;
  handHoldMs: number;
}

/** @param closedOnBoot whether a relay's declared safe state is closed */
export function applianceConfig(name: string, yaml: ApplianceYaml, closedOnBoot: (relay: string) => boolean): ApplianceConfig {
  const { comfort } = yaml;
  const block = "max_block_s" in comfort ? comfort : null;
  const common = {
    name,
    phases: yaml.phases ?? null,
    // After a block it stays free at least so long, whatever a new plan says.
    minOnMs: Math.max(yaml.min_on_s, block?.min_free_s ?? 0) * 1000,
    minOffMs: yaml.min_off_s * 1000,
    maxOffMs: block ? block.max_block_s * 1000 : null,
    temperature: yaml.sensor === undefined ? null : { sensor: yaml.sensor, band: bandOf(comfort) },
    handHoldMs: yaml.hand_hold_s * 1000,
    stepW: 0,
  };
  if (yaml.type === "switched_load") {
    const [off, on] = [fixed("off", 0), fixed("on", yaml.rated_power_w)];
    return {
      ...common,
      device: { by: "relay", relay: yaml.relay, ratedPowerW: yaml.rated_power_w },
      modes: [off, on],
      safe: settingOf(closedOnBoot(yaml.relay) ? on : off),
      least: settingOf(off),
      maxOffAlways: false,
      demand: demandOf(comfort),
    };
  }
  const [lock, normal] = [fixed("lock", 0), fixed("normal", yaml.rated_power_w)];
  const [first, second] = yaml.relays;
  return {
    ...common,
    device: { by: "sg_ready", first, second, ratedPowerW: yaml.rated_power_w },
    modes: [lock, normal, fixed("recommended", yaml.rated_power_w), fixed("forced", yaml.rated_power_w)],
    safe: settingOf(normal),
    least: settingOf(lock),
    maxOffAlways: true,
    demand: demandOf(comfort),
  };
}

const fixed = (id: string, powerW: number): OperationMode => ({ id, minW: powerW, maxW: powerW });
const settingOf = ({ id, maxW }: OperationMode): Setting => ({ mode: id, powerW: maxW });

function demandOf(comfort: ApplianceYaml["comfort"]): Demand {
  return "max_block_s" in comfort
    ? { kind: "block", maxBlockS: comfort.max_block_s, minFreeS: comfort.min_free_s }
    : { kind: "energy", energyWh: comfort.energy_wh_per_day, notBefore: comfort.not_before, readyBy: comfort.ready_by };
}

function bandOf({
  min_c: minC,
  max_c: maxC,
  frost_c: frostC,
  hysteresis_c: hysteresisC,
}: ApplianceYaml["comfort"]): TemperatureBand {
  return {
    hysteresisC,
    ...(minC !== undefined && { minC }),
    ...(maxC !== undefined && { maxC }),
    ...(frostC !== undefined && { frostC }),
  };
}
