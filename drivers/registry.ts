import { z } from "zod";
import type { ApplianceDevice } from "./appliance/appliance-device.ts";
import { ModbusChargerOptions } from "./appliance/charger/modbus-charger-options.ts";
import { ModbusCoilOptions, modbusCoil } from "./appliance/modbus-coil.ts";
import { ModbusSensorOptions } from "./appliance/modbus-sensor.ts";
import type { Relay } from "./appliance/relay.ts";
import type { Sensor } from "./appliance/sensor.ts";
import { SunspecBatteryOptions, SunspecPvOptions } from "./appliance/sunspec/sunspec-options.ts";
import type { ByteBus } from "./bus/byte-bus.ts";
import type { ModbusBus } from "./bus/modbus-bus.ts";
import { DsmrOptions } from "./meter/dsmr/dsmr-options.ts";
import { dlmsKeys } from "./meter/dlms/key-options.ts";
import { HanOptions } from "./meter/han/han-options.ts";
import { IecOptions } from "./meter/iec62056-21/iec-options.ts";
import { serialCandidates } from "./meter/serial-options.ts";
import { ModbusOptions, Sdm630Options } from "./meter/modbus/modbus-options.ts";
import { SunSpecOptions } from "./meter/sunspec/sunspec-options.ts";
import type { Meter, Stamp } from "./meter/meter.ts";

/** What kind of line each `needs` stands for. */
export interface Buses {
  bytes: ByteBus;
  modbus: ModbusBus;
}

/** How a driver is made from its options in YAML (snake_case) and an open-able line of the right kind. */
export interface DriverEntry<Options extends z.ZodObject, Needs extends keyof Buses, Made> {
  options: Options;
  needs: Needs;
  /** Loads the driver's code only now: a gateway keeps in memory what its own meters need, and nothing of the others. */
  make(given: { name: string; bus: Buses[Needs]; stamp: Stamp; options: z.output<Options> }): Promise<Made>;
}

type AnyEntry<Made> = DriverEntry<z.ZodObject, "bytes", Made> | DriverEntry<z.ZodObject, "modbus", Made>;

const meter = <O extends z.ZodObject, N extends keyof Buses>(entry: DriverEntry<O, N, Meter>) => entry;
const relay = <O extends z.ZodObject, N extends keyof Buses>(entry: DriverEntry<O, N, Relay>) => entry;
const sensor = <O extends z.ZodObject, N extends keyof Buses>(entry: DriverEntry<O, N, Sensor>) => entry;
const device = <O extends z.ZodObject, N extends keyof Buses>(entry: DriverEntry<O, N, ApplianceDevice>) => entry;

/** Drivers of meters by the name that stands in the configuration. */
export const meterDrivers = {
  dsmr: meter({
    options: DsmrOptions,
    needs: "bytes",
    async make({ name, bus, stamp, options }) {
      const { dsmr, p1Settings } = await import("./meter/dsmr/dsmr.ts");
      const { zone, country } = options;
      return dsmr({ name, bus, stamp, settings: serialCandidates(p1Settings, options), zone, country, keys: dlmsKeys(options) });
    },
  }),
  han: meter({
    options: HanOptions,
    needs: "bytes",
    async make({ name, bus, stamp, options }) {
      const { han, hanSettings } = await import("./meter/han/han.ts");
      const { zone, energy_step_wh: energyStepWh } = options;
      return han({
        name,
        bus,
        stamp,
        settings: serialCandidates(hanSettings, options),
        zone,
        energyStepWh,
        keys: dlmsKeys(options),
      });
    },
  }),
  iec62056_21: meter({
    options: IecOptions,
    needs: "bytes",
    async make({ name, bus, stamp, options }) {
      const { attemptsOf, iec62056 } = await import("./meter/iec62056-21/iec62056-21.ts");
      const attempts = attemptsOf(options, bus.fixedSpeed === true);
      return iec62056({ name, bus, stamp, pollMs: options.poll_s * 1000, attempts, zone: options.zone });
    },
  }),
  modbus: meter({
    options: ModbusOptions,
    needs: "modbus",
    async make({ name, bus, stamp, options }) {
      const { modbusMeter } = await import("./meter/modbus/modbus-meter.ts");
      const { family, unit_id: unit, reversed, one_way: oneWay, order } = options;
      return modbusMeter({ name, bus, stamp, family, unit, pollMs: options.poll_s * 1000, reversed, oneWay, order });
    },
  }),
  sunspec: meter({
    options: SunSpecOptions,
    needs: "modbus",
    async make({ name, bus, stamp, options }) {
      const { sunspecMeter } = await import("./meter/sunspec/sunspec-meter.ts");
      const { unit_id: unit, model, positive_power: positivePower } = options;
      return sunspecMeter({ name, bus, stamp, unit, pollMs: options.poll_s * 1000, model, positivePower });
    },
  }),
  eastron_sdm630: meter({
    options: Sdm630Options,
    needs: "modbus",
    async make({ name, bus, stamp, options }) {
      const { sdm630 } = await import("./meter/modbus/eastron-sdm630.ts");
      return sdm630({ name, bus, stamp, unit: options.unit_id, pollMs: options.poll_s * 1000 });
    },
  }),
};

/** Drivers of contacts by the name that stands in the configuration. */
export const relayDrivers = {
  modbus_coil: relay({
    options: ModbusCoilOptions,
    needs: "modbus",
    make: async ({ name, bus, options }) =>
      modbusCoil({ name, bus, unit: options.unit_id, coil: options.coil, inverted: options.inverted, timer: options.timer }),
  }),
};

/** Drivers of temperature sensors by the name that stands in the configuration. */
export const sensorDrivers = {
  modbus_register: sensor({
    options: ModbusSensorOptions,
    needs: "modbus",
    async make({ name, bus, options }) {
      const { modbusSensor } = await import("./appliance/modbus-sensor.ts");
      const { unit_id: unit, word_order: wordOrder, ...rest } = options;
      return modbusSensor({ name, bus, unit, wordOrder, ...rest });
    },
  }),
};

/** Drivers of EV chargers. */
export const chargerDrivers = {
  modbus_charger: device({
    options: ModbusChargerOptions,
    needs: "modbus",
    async make({ name, bus, options }) {
      const { modbusCharger } = await import("./appliance/charger/modbus-charger.ts");
      const { unit_id: unit, family, min_current_a: minA, max_current_a: maxA, phases } = options;
      return modbusCharger({ name, bus, unit, family, minA, maxA, phases });
    },
  }),
};

/** Drivers of batteries. */
export const batteryDrivers = {
  sunspec_battery: device({
    options: SunspecBatteryOptions,
    needs: "modbus",
    async make({ name, bus, options }) {
      const { sunspecBattery } = await import("./appliance/sunspec/sunspec-battery.ts");
      const { unit_id: unit, max_charge_w: maxChargeW, max_discharge_w: maxDischargeW, grid_charging: gridCharging } = options;
      return sunspecBattery({ name, bus, unit, maxChargeW, maxDischargeW, gridCharging });
    },
  }),
};

/** Drivers of inverters that can be told to give less. */
export const pvDrivers = {
  sunspec_pv: device({
    options: SunspecPvOptions,
    needs: "modbus",
    async make({ name, bus, options }) {
      const { sunspecPv } = await import("./appliance/sunspec/sunspec-pv.ts");
      return sunspecPv({ name, bus, unit: options.unit_id, maxPowerW: options.max_power_w });
    },
  }),
};

const deviceDrivers = { ...chargerDrivers, ...batteryDrivers, ...pvDrivers };

type Entries = Record<string, { options: z.ZodObject; needs: keyof Buses }>;

/** The configuration of any driver of a map: its options, `driver`, and the fields that the caller adds. */
export type DriverConfig<Map extends Entries, Extra extends z.ZodRawShape> = {
  [Name in keyof Map & string]: { driver: Name } & z.output<Map[Name]["options"]> & z.output<z.ZodObject<Extra>>;
}[keyof Map & string];

/**
 * Schema of `{driver: <name>, ...its options, ...extra}` for all drivers of a map, told apart by `driver`.
 * @param extra fields that every entry has, such as `{ bus: z.string() }`
 */
export function driverConfig<Map extends Entries, Extra extends z.ZodRawShape>(
  drivers: Map,
  extra: Extra,
): z.ZodType<DriverConfig<Map, Extra>> {
  const [first, ...rest] = Object.entries(drivers).map(([name, { options }]) =>
    options.extend({ driver: z.literal(name), ...extra }),
  );
  if (!first) return z.never();
  return z.discriminatedUnion("driver", [first, ...rest]) as unknown as z.ZodType<DriverConfig<Map, Extra>>;
}

/** Name of a meter's driver in the configuration. */
export type MeterDriverName = keyof typeof meterDrivers;
/** Name of a contact's driver in the configuration. */
export type RelayDriverName = keyof typeof relayDrivers;

/**
 * Makes a meter from its configuration; the caller opens the line that `needs` names.
 * Keys in `config` that the driver does not know, such as `driver` and `bus`, are ignored.
 */
export function makeMeter(config: { driver: MeterDriverName }, given: Given): Promise<Meter> {
  return make<Meter>(meterDrivers[config.driver], config, given);
}

/** Makes a relay from its configuration, as makeMeter does. */
export function makeRelay(config: { driver: RelayDriverName }, given: Given): Promise<Relay> {
  return make<Relay>(relayDrivers[config.driver], config, given);
}

/** Makes a sensor from its configuration, as makeMeter does. */
export function makeSensor(config: { driver: keyof typeof sensorDrivers }, given: Given): Promise<Sensor> {
  return make<Sensor>(sensorDrivers[config.driver], config, given);
}

/** Makes a charger, battery or inverter from its configuration, as makeMeter does. */
export function makeDevice(config: { driver: keyof typeof deviceDrivers }, given: Given): Promise<ApplianceDevice> {
  return make<ApplianceDevice>(deviceDrivers[config.driver], config, given);
}

/** What a driver is made with besides its options. */
interface Given {
  name: string;
  stamp: Stamp;
  bus: <Kind extends keyof Buses>(kind: Kind) => Buses[Kind];
}

function make<Made>(entry: AnyEntry<Made>, config: { driver: string }, given: Given): Promise<Made> {
  const { name, stamp } = given;
  const options = z.object(entry.options.shape).parse(config);
  return entry.needs === "bytes"
    ? entry.make({ name, stamp, options, bus: given.bus("bytes") })
    : entry.make({ name, stamp, options, bus: given.bus("modbus") });
}
