import { AppError } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import type { Meter, Stamp } from "../drivers/meter/meter.ts";
import type { Log } from "../core/log.ts";
import type { ApplianceDevice } from "../drivers/appliance/appliance-device.ts";
import type { Relay } from "../drivers/appliance/relay.ts";
import { relayLoad } from "../drivers/appliance/relay-load.ts";
import type { Sensor } from "../drivers/appliance/sensor.ts";
import { sgReady } from "../drivers/appliance/sg-ready.ts";
import { makeDevice, makeMeter, makeRelay, makeSensor } from "../drivers/registry.ts";
import type { Actuated } from "./actuate/actuator.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import type { ApplianceDeviceConfig } from "./config/appliance-config.ts";
import type { BusSet } from "./open-buses.ts";

/** Every appliance with what sets it. @throws AppError relay-unknown, and those of the buses */
export function devicesOf(config: AgentConfig, buses: BusSet, parts: DeviceParts): Promise<Actuated[]> {
  const made = config.appliances.map(async ({ name, device, safe }) => ({
    resource: name,
    safe,
    device: await deviceOf(name, device, config, buses, parts),
  }));
  return Promise.all(made);
}

/** What devices that live longer than a call work with. */
export interface DeviceParts {
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}

async function deviceOf(
  name: string,
  device: ApplianceDeviceConfig,
  config: AgentConfig,
  buses: BusSet,
  { clock }: DeviceParts,
): Promise<ApplianceDevice> {
  const relay = (wanted: string): Promise<Relay> => {
    const found = config.relays.find((one) => one.name === wanted);
    if (!found) throw new AppError("relay-unknown", `appliance ${name} names relay "${wanted}"; add it under relays`);
    return makeRelay(found, { name: found.name, stamp: stampOf(clock), bus: (kind) => buses.bus(found.bus, kind) });
  };
  if (device.by === "driver")
    return makeDevice(device.config, { name, stamp: stampOf(clock), bus: (kind) => buses.bus(device.bus, kind) });
  const { ratedPowerW } = device;
  if (device.by === "relay") return relayLoad({ name, relay: await relay(device.relay), ratedPowerW });
  return sgReady({ name, first: await relay(device.first), second: await relay(device.second), ratedPowerW });
}

/** Every sensor. @throws AppError of the buses */
export function sensorsOf(config: AgentConfig, buses: BusSet, clock: Clock): Promise<Sensor[]> {
  const made = config.sensors.map((sensor) =>
    makeSensor(sensor, { name: sensor.name, stamp: stampOf(clock), bus: (kind) => buses.bus(sensor.bus, kind) }),
  );
  return Promise.all(made);
}

/** Every meter, not yet started. @throws AppError of the buses */
export function metersOf(config: AgentConfig, buses: BusSet, clock: Clock): Promise<Meter[]> {
  const made = config.meters.map((meter) =>
    makeMeter(meter, { name: meter.name, stamp: stampOf(clock), bus: (kind) => buses.bus(meter.bus, kind) }),
  );
  return Promise.all(made);
}

const stampOf =
  (clock: Clock): Stamp =>
  () => ({ receivedMs: clock.now(), clockSynced: clock.synced() });
