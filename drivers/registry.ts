import { z } from "zod";
import { ModbusCoilOptions, modbusCoil } from "./appliance/modbus-coil.ts";
import type { Relay } from "./appliance/relay.ts";
import type { ByteBus } from "./bus/byte-bus.ts";
import type { ModbusBus } from "./bus/modbus-bus.ts";
import { DsmrOptions, dsmr, p1Settings } from "./meter/dsmr/dsmr.ts";
import { dlmsKeys } from "./meter/dlms/key-options.ts";
import { HanOptions, han, hanSettings } from "./meter/han/han.ts";
import { serialCandidates } from "./meter/serial-options.ts";
import { Sdm630Options, sdm630 } from "./meter/modbus/eastron-sdm630.ts";
import { ModbusOptions, modbusMeter } from "./meter/modbus/modbus-meter.ts";
import { SunSpecOptions, sunspecMeter } from "./meter/sunspec/sunspec-meter.ts";
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
  make(given: { name: string; bus: Buses[Needs]; stamp: Stamp; options: z.output<Options> }): Made;
}

type AnyEntry<Made> = DriverEntry<z.ZodObject, "bytes", Made> | DriverEntry<z.ZodObject, "modbus", Made>;

const meter = <O extends z.ZodObject, N extends keyof Buses>(entry: DriverEntry<O, N, Meter>) => entry;
const relay = <O extends z.ZodObject, N extends keyof Buses>(entry: DriverEntry<O, N, Relay>) => entry;

/** Drivers of meters by the name that stands in the configuration. */
export const meterDrivers = {
  dsmr: meter({
    options: DsmrOptions,
    needs: "bytes",
    make: ({ name, bus, stamp, options }) =>
      dsmr({
        name,
        bus,
        stamp,
        settings: serialCandidates(p1Settings, options),
        zone: options.zone,
        country: options.country,
        keys: dlmsKeys(options),
      }),
  }),
  han: meter({
    options: HanOptions,
    needs: "bytes",
    make: ({ name, bus, stamp, options }) =>
      han({
        name,
        bus,
        stamp,
        settings: serialCandidates(hanSettings, options),
        zone: options.zone,
        energyStepWh: options.energy_step_wh,
        keys: dlmsKeys(options),
      }),
  }),
  modbus: meter({
    options: ModbusOptions,
    needs: "modbus",
    make: ({ name, bus, stamp, options }) =>
      modbusMeter({
        name,
        bus,
        stamp,
        family: options.family,
        unit: options.unit_id,
        pollMs: options.poll_s * 1000,
        reversed: options.reversed,
        oneWay: options.one_way,
        order: options.order,
      }),
  }),
  sunspec: meter({
    options: SunSpecOptions,
    needs: "modbus",
    make: ({ name, bus, stamp, options }) =>
      sunspecMeter({
        name,
        bus,
        stamp,
        unit: options.unit_id,
        pollMs: options.poll_s * 1000,
        model: options.model,
        positivePower: options.positive_power,
      }),
  }),
  eastron_sdm630: meter({
    options: Sdm630Options,
    needs: "modbus",
    make: ({ name, bus, stamp, options }) => sdm630({ name, bus, stamp, unit: options.unit_id, pollMs: options.poll_s * 1000 }),
  }),
};

/** Drivers of contacts by the name that stands in the configuration. */
export const relayDrivers = {
  modbus_coil: relay({
    options: ModbusCoilOptions,
    needs: "modbus",
    make: ({ name, bus, options }) =>
      modbusCoil({ name, bus, unit: options.unit_id, coil: options.coil, inverted: options.inverted }),
  }),
};

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

/** Names of all drivers, for messages. */
export type MeterDriverName = keyof typeof meterDrivers;
export type RelayDriverName = keyof typeof relayDrivers;

/**
 * Makes a meter from its configuration; the caller opens the line that `needs` names.
 * Keys in `config` that the driver does not know, such as `driver` and `bus`, are ignored.
 */
export function makeMeter(
  config: { driver: MeterDriverName },
  given: { name: string; stamp: Stamp; bus: <Kind extends keyof Buses>(kind: Kind) => Buses[Kind] },
): Meter {
  return make<Meter>(meterDrivers[config.driver], config, given);
}

/** Makes a relay from its configuration, as makeMeter does. */
export function makeRelay(
  config: { driver: RelayDriverName },
  given: { name: string; stamp: Stamp; bus: <Kind extends keyof Buses>(kind: Kind) => Buses[Kind] },
): Relay {
  return make<Relay>(relayDrivers[config.driver], config, given);
}

function make<Made>(
  entry: AnyEntry<Made>,
  config: { driver: string },
  given: { name: string; stamp: Stamp; bus: <Kind extends keyof Buses>(kind: Kind) => Buses[Kind] },
): Made {
  const { name, stamp } = given;
  const options = z.object(entry.options.shape).parse(config);
  return entry.needs === "bytes"
    ? entry.make({ name, stamp, options, bus: given.bus("bytes") })
    : entry.make({ name, stamp, options, bus: given.bus("modbus") });
}
