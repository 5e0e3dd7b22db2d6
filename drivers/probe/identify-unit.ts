import { AppError } from "../../core/app-error.ts";
import type { ModbusBus } from "../bus/modbus-bus.ts";
import { blockReader, valuesIn } from "../meter/modbus/block-reader.ts";
import { families } from "../meter/modbus/families.ts";
import { familyNames, type FamilyName } from "../meter/modbus/family-names.ts";
import { isPlausible, voltageVerdict } from "../meter/modbus/plausibility.ts";
import type { RegisterMap } from "../meter/modbus/register-map.ts";
import { valuesByVoltage } from "../meter/modbus/word-order.ts";
import { discover } from "../meter/sunspec/discover.ts";
import { models } from "../meter/sunspec/models.ts";
import type { FoundMeter } from "./probe-result.ts";

/** Names a Modbus unit: by SunSpec where it describes itself, else by the families whose voltages it can have. */
export async function identifyUnit(bus: ModbusBus, unit: number): Promise<FoundMeter> {
  return (await bySunSpec(bus, unit)) ?? byVoltage(bus, unit);
}

async function bySunSpec(bus: ModbusBus, unit: number): Promise<FoundMeter | undefined> {
  const chain = await orFailed(discover(bus, unit));
  const usable = chain?.find(({ id }) => models.has(id));
  if (!usable) return undefined;
  const { manufacturer, model } = usable.device;
  const meter = [manufacturer, model].filter((part) => part !== null).join(" ") || null;
  const role = models.get(usable.id)?.kind === "inverter" ? ({ role: "pv" } as const) : {};
  return { family: "sunspec", meter, unit, ...role, driver: { driver: "sunspec", unit_id: unit }, note: null };
}

/** How much of a family's voltages and frequency a unit has. */
interface Fit {
  name: FamilyName;
  /** Part of what was asked for that is there and can be. */
  share: number;
  count: number;
}

async function byVoltage(bus: ModbusBus, unit: number): Promise<FoundMeter> {
  const fits: Fit[] = [];
  for (const name of familyNames) {
    const fit = await fitOf(bus, unit, name);
    if (fit) fits.push(fit);
  }
  const candidates = fits.toSorted((one, other) => other.share - one.share || other.count - one.count).map(({ name }) => name);
  const [best] = candidates;
  if (best === undefined)
    return {
      family: "modbus",
      meter: null,
      unit,
      candidates,
      driver: null,
      note: "it answers, and no known family of meters fits; it may be no meter, or have no voltage on it",
    };
  const others = candidates.length > 1 ? `; the others that fit: ${candidates.slice(1).join(", ")}` : "";
  return {
    family: "modbus",
    meter: null,
    unit,
    candidates,
    driver: { driver: "modbus", family: best, unit_id: unit },
    note: `by its voltage it can be a ${best}; compare the counter with the display${others}`,
  };
}

async function fitOf(bus: ModbusBus, unit: number, name: FamilyName): Promise<Fit | undefined> {
  const map: RegisterMap = families[name];
  const telling = map.registers.filter(({ measurement }) => /^voltage(?:L\d)?$|^frequency$/.test(measurement));
  // Nothing to judge by.
  if (!telling.some(({ measurement }) => measurement.startsWith("voltage"))) return undefined;
  const read = map.functionCode === 3 ? bus.readHoldingRegisters : bus.readInputRegisters;
  const blocks = await orFailed(blockReader(telling, map, (address, count) => read(unit, address, count))());
  if (!blocks) return undefined;
  const values = map.orderInDoubt ? valuesByVoltage(map, blocks).values : valuesIn(map.registers, blocks);
  if (voltageVerdict(values) !== "good" || !isPlausible(values, map.unverified)) return undefined;
  const count = telling.filter(({ measurement }) => (values.get(measurement)?.raw ?? 0) !== 0).length;
  return { name, count, share: count / telling.length };
}

/** What the work gives; undefined where the unit refuses, is silent, or answers what cannot be. */
async function orFailed<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
