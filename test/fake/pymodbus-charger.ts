import type { ChargerFamilyName } from "../../drivers/appliance/charger/charger-family-names.ts";
import { chargerDevices } from "./charger-devices.ts";
import type { PymodbusDevice } from "./pymodbus-slave.ts";

/** A device of one family, its unit changed, with words that a real charger would answer with where it reads elsewhere. */
export function pymodbusCharger(family: ChargerFamilyName, unit: number, more: Record<number, number> = {}): PymodbusDevice {
  const { holding = [], input = [], coils = [] } = chargerDevices[family];
  return {
    unit,
    holding: { ...Object.fromEntries(holding), ...more },
    input: Object.fromEntries(input),
    coils: Object.fromEntries(coils),
  };
}
