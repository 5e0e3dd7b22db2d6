import { z } from "zod";
import type { Clock } from "../core/clock/clock.ts";
import type { Log } from "../core/log.ts";
import type { ByteBus } from "./bus/byte-bus.ts";
import type { HttpBus } from "./bus/http-bus.ts";
import type { ModbusBus } from "./bus/modbus-bus.ts";
import type { MqttBus } from "./bus/mqtt-bus.ts";
import { DsmrOptions } from "./meter/dsmr/dsmr-options.ts";
import { dlmsKeys } from "./meter/dlms/key-options.ts";
import { HanOptions } from "./meter/han/han-options.ts";
import { IecOptions } from "./meter/iec62056-21/iec-options.ts";
import { serialCandidates } from "./meter/serial-options.ts";
import { ModbusOptions, Sdm630Options } from "./meter/modbus/modbus-options.ts";
import { SunSpecOptions } from "./meter/sunspec/sunspec-options.ts";
import type { Meter, Stamp } from "./meter/meter.ts";

/** What kind of line each `needs` stands for; none is for what is on the gateway itself, or opens a port of its own. */
export interface Buses {
  bytes: ByteBus;
  modbus: ModbusBus;
  http: HttpBus;
  mqtt: MqttBus;
  none: null;
}

/** How a driver is made from its options in YAML (snake_case) and an open-able line of the right kind. */
export interface DriverEntry<Options extends z.ZodObject, Needs extends keyof Buses, Made> {
  options: Options;
  needs: Needs;
  /** Loads the driver's code only now: a gateway keeps in memory what its own meters need, and nothing of the others. */
  make(given: Omit<Given, "bus"> & { bus: Buses[Needs]; options: z.output<Options> }): Promise<Made>;
}

type AnyEntry<Made> = { [Needs in keyof Buses]: DriverEntry<z.ZodObject, Needs, Made> }[keyof Buses];

const meter = <O extends z.ZodObject, N extends keyof Buses>(entry: DriverEntry<O, N, Meter>) => entry;

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

/** Schema of what fits any of several of these, told apart by `driver`. */
export function anyDriverConfig<Configs extends readonly [z.ZodType, ...z.ZodType[]]>(
  configs: Configs,
): z.ZodType<z.output<Configs[number]>> {
  return z.discriminatedUnion("driver", configs as unknown as readonly [z.ZodObject]) as unknown as z.ZodType<
    z.output<Configs[number]>
  >;
}

/** Name of a meter's driver in the configuration. */
export type MeterDriverName = keyof typeof meterDrivers;

/**
 * Makes a meter from its configuration; the caller opens the line that `needs` names.
 * Keys in `config` that the driver does not know, such as `driver` and `bus`, are ignored.
 */
export function makeMeter(config: { driver: MeterDriverName }, given: Given): Promise<Meter> {
  return make<Meter>(meterDrivers[config.driver], config, given);
}

/** What a driver is made with besides its options. */
export interface Given {
  name: string;
  stamp: Stamp;
  clock: Clock;
  log: Log;
  bus: <Kind extends keyof Buses>(kind: Kind) => Buses[Kind];
}

/** Makes what an entry describes, on the line that it needs. */
export function make<Made>(entry: AnyEntry<Made>, config: { driver: string }, given: Given): Promise<Made> {
  const options = z.object(entry.options.shape).parse(config);
  // The compiler does not see that the line is of the kind that this entry needs.
  const typed = entry as DriverEntry<z.ZodObject, keyof Buses, Made>;
  return typed.make({ ...given, options, bus: given.bus(typed.needs) });
}
