import { hostname } from "node:os";
import type { z } from "zod";
import type { ApplianceDevice } from "./appliance/appliance-device.ts";
import { ModbusChargerOptions } from "./appliance/charger/modbus-charger-options.ts";
import { GpioOptions } from "./appliance/gpio.ts";
import { ModbusCoilOptions, modbusCoil } from "./appliance/modbus-coil.ts";
import { ModbusSensorOptions } from "./appliance/modbus-sensor.ts";
import { OcppOptions } from "./appliance/ocpp/ocpp-options.ts";
import type { Relay } from "./appliance/relay.ts";
import type { Sensor } from "./appliance/sensor.ts";
import { ShellyHttpOptions, ShellyMqttOptions } from "./appliance/shelly.ts";
import { SunspecBatteryOptions, SunspecPvOptions } from "./appliance/sunspec/sunspec-options.ts";
import { TasmotaHttpOptions, TasmotaMqttOptions } from "./appliance/tasmota.ts";
import { make, type Buses, type DriverEntry, type Given } from "./registry.ts";

const relay = <O extends z.ZodObject, N extends keyof Buses>(entry: DriverEntry<O, N, Relay>) => entry;
const sensor = <O extends z.ZodObject, N extends keyof Buses>(entry: DriverEntry<O, N, Sensor>) => entry;
const device = <O extends z.ZodObject, N extends keyof Buses>(entry: DriverEntry<O, N, ApplianceDevice>) => entry;

/** Drivers of contacts on a line, by the name that stands in the configuration. */
export const relayDrivers = {
  modbus_coil: relay({
    options: ModbusCoilOptions,
    needs: "modbus",
    make: async ({ name, bus, options }) =>
      modbusCoil({ name, bus, unit: options.unit_id, coil: options.coil, inverted: options.inverted, timer: options.timer }),
  }),
  shelly_http: relay({
    options: ShellyHttpOptions,
    needs: "http",
    async make({ name, bus, options }) {
      const { shellyHttp } = await import("./appliance/shelly.ts");
      return shellyHttp({ name, bus, generation: options.generation, channel: options.channel });
    },
  }),
  shelly_mqtt: relay({
    options: ShellyMqttOptions,
    needs: "mqtt",
    async make({ name, bus, options }) {
      const { shellyMqtt } = await import("./appliance/shelly.ts");
      return shellyMqtt({ name, bus, ...options, replyTo: `smart-mla/${hostname()}/${name}` });
    },
  }),
  tasmota_http: relay({
    options: TasmotaHttpOptions,
    needs: "http",
    async make({ name, bus, options }) {
      const { tasmotaHttp } = await import("./appliance/tasmota.ts");
      return tasmotaHttp({ name, bus, relay: options.relay });
    },
  }),
  tasmota_mqtt: relay({
    options: TasmotaMqttOptions,
    needs: "mqtt",
    async make({ name, bus, options }) {
      const { tasmotaMqtt } = await import("./appliance/tasmota.ts");
      return tasmotaMqtt({ name, bus, relay: options.relay, topic: options.topic, fullTopic: options.full_topic });
    },
  }),
};

/** Drivers of contacts on the gateway itself. */
export const ownRelayDrivers = {
  gpio: relay({
    options: GpioOptions,
    needs: "none",
    async make({ name, options }) {
      const [{ gpioRelay }, { linuxGpioLines }] = await Promise.all([
        import("./appliance/gpio.ts"),
        import("./appliance/gpio-lines.ts"),
      ]);
      const { chip, line, active } = options;
      return gpioRelay({ name, chip, line, activeLow: active === "low", lines: () => linuxGpioLines() });
    },
  }),
};

/** Drivers of temperature sensors. */
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

/** Drivers of EV chargers on a line. */
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

/** Drivers of EV chargers that dial the gateway. */
export const dialingChargerDrivers = {
  ocpp16: device({
    options: OcppOptions,
    needs: "none",
    async make({ name, clock, log, options }) {
      const { ocppChargerOf } = await import("./appliance/ocpp/ocpp-charger.ts");
      return ocppChargerOf(options, { name, clock, log });
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

const allRelays = { ...relayDrivers, ...ownRelayDrivers };
const allDevices = { ...chargerDrivers, ...dialingChargerDrivers, ...batteryDrivers, ...pvDrivers };

/** What line each driver of an appliance, relay or sensor needs, by its name. */
export const needsOfAppliances: Record<string, { needs: keyof Buses }> = { ...allRelays, ...allDevices, ...sensorDrivers };

/** Makes a relay from its configuration, as makeMeter does. */
export function makeRelay(config: { driver: keyof typeof allRelays }, given: Given): Promise<Relay> {
  return make<Relay>(allRelays[config.driver], config, given);
}

/** Makes a sensor from its configuration, as makeMeter does. */
export function makeSensor(config: { driver: keyof typeof sensorDrivers }, given: Given): Promise<Sensor> {
  return make<Sensor>(sensorDrivers[config.driver], config, given);
}

/** Makes a charger, battery or inverter from its configuration, as makeMeter does. */
export function makeDevice(config: { driver: keyof typeof allDevices }, given: Given): Promise<ApplianceDevice> {
  return make<ApplianceDevice>(allDevices[config.driver], config, given);
}
