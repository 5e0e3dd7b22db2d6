import type { PhaseReading, Reading } from "../../../core/reading.ts";
import type { Values } from "./block-reader.ts";
import { figure, whole } from "./decode-register.ts";
import type { Measurement } from "./measurement.ts";
import { planReads } from "./read-plan.ts";
import type { Register, RegisterMap } from "./register-map.ts";

/** How a device is installed. */
export interface Installed {
  /** The other way round: import and export are swapped. */
  reversed: boolean;
  /** Nothing behind it feeds in, so a counter of both directions counts import. */
  oneWay: boolean;
}

/** What measured values mean for a reading. */
export type Measured = Pick<Reading, "importWh" | "exportWh" | "tariffs" | "powerW" | "phases">;

const phaseNames = ["L1", "L2", "L3"] as const;
const tariffNames = ["1", "2"] as const;

/**
 * Registers that a reading is made of; the rest need not be asked for. The frequency is only judged by, so it is wanted
 * where it costs no request.
 */
export function wantedRegisters(map: RegisterMap, { oneWay }: Pick<Installed, "oneWay">): Register[] {
  const all = new Set<string>(map.registers.map(({ measurement }) => measurement));
  const wanted = (measurement: Measurement): boolean => {
    if (/^(?:voltage|current|power)(?:L\d)?$/.test(measurement)) return true;
    if (/^(?:import|export)(?:Power)?$/.test(measurement)) return true;
    if (measurement === "sum") return oneWay && !all.has("import");
    const tariff = /^(?:import|export)(T\d)$/.exec(measurement)?.[1];
    return tariff !== undefined && all.has(`import${tariff}`) && all.has(`export${tariff}`);
  };
  const needed = map.registers.filter(({ measurement }) => wanted(measurement));
  const judged = [...needed, ...map.registers.filter(({ measurement }) => measurement === "frequency")];
  return planReads(judged, map).length > planReads(needed, map).length ? needed : judged;
}

/**
 * Values as a reading has them. A total of power that the device does not give is import less export, else the sum of the
 * phases if all three are there. A total of energy is never made from phases: a meter that balances them counts otherwise.
 */
export function measuredOf(values: Values, { reversed, oneWay }: Installed): Measured {
  const at = (measurement: Measurement): number | null => {
    const sample = values.get(measurement);
    return sample ? whole(sample) : null;
  };
  const importWh = values.has("import") ? at("import") : oneWay ? at("sum") : null;
  const exportWh = at("export");
  const sign = reversed ? -1 : 1;
  const powerW = values.has("power") ? at("power") : powerWithoutTotal(at);
  return {
    importWh: reversed ? exportWh : importWh,
    exportWh: reversed ? importWh : exportWh,
    tariffs: tariffsOf(at, reversed),
    powerW: powerW === null ? null : powerW * sign + 0,
    phases: phasesOf(values, sign),
  };
}

/**
 * How a device is installed, as far as its family shows it: where nothing feeds in, a power without sign is taken from the
 * grid, and so is the counter of both directions that such families have, whichever way the meter is installed.
 */
export function asInstalled(map: RegisterMap, { reversed, oneWay }: Installed): Installed {
  const signless = map.registers.some(({ measurement, type }) => measurement === "power" && type.startsWith("u"));
  return { reversed: reversed && !(oneWay && signless), oneWay };
}

/** Whether a device of the family can measure this power. */
export function isInRange({ mostPowerW = Infinity }: RegisterMap, powerW: number | null): boolean {
  return Math.abs(powerW ?? 0) <= mostPowerW;
}

function powerWithoutTotal(at: (measurement: Measurement) => number | null): number | null {
  const [taken, given] = [at("importPower"), at("exportPower")];
  if (taken !== null && given !== null) return taken - given;
  const [a, b, c] = [at("powerL1"), at("powerL2"), at("powerL3")];
  return a === null || b === null || c === null ? null : a + b + c;
}

function tariffsOf(at: (measurement: Measurement) => number | null, reversed: boolean): Reading["tariffs"] {
  const tariffs: Reading["tariffs"] = {};
  for (const tariff of tariffNames) {
    const [taken, given] = [at(`importT${tariff}`), at(`exportT${tariff}`)];
    if (taken !== null && given !== null)
      tariffs[tariff] = reversed ? { importWh: given, exportWh: taken } : { importWh: taken, exportWh: given };
  }
  return tariffs;
}

/** A device with figures of single phases has those; another has one phase, or only totals. */
function phasesOf(values: Values, sign: number): PhaseReading[] {
  const single = phaseNames.filter((phase) =>
    (["voltage", "current", "power"] as const).some((kind) => values.has(`${kind}${phase}`)),
  );
  if (single.length > 0)
    return single.map((phase) => phaseOf(values, `voltage${phase}`, `current${phase}`, `power${phase}`, sign));
  return values.has("voltage") || values.has("current") ? [phaseOf(values, "voltage", "current", "power", sign)] : [];
}

function phaseOf(values: Values, volts: Measurement, amperes: Measurement, watts: Measurement, sign: number): PhaseReading {
  const [voltage, current, power] = [values.get(volts), values.get(amperes), values.get(watts)];
  return {
    ...(voltage && { voltageV: figure(voltage) }),
    ...(current && { currentA: figure(current) }),
    ...(power && { powerW: whole(power) * sign + 0 }),
  };
}
