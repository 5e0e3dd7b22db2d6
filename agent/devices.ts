import { AppError } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import type { Meter } from "../drivers/meter/meter.ts";
import type { Log } from "../core/log.ts";
import type { ApplianceDevice } from "../drivers/appliance/appliance-device.ts";
import type { Relay } from "../drivers/appliance/relay.ts";
import { relayLoad } from "../drivers/appliance/relay-load.ts";
import type { Sensor } from "../drivers/appliance/sensor.ts";
import { sgReady } from "../drivers/appliance/sg-ready.ts";
import { makeDevice, makeRelay, makeSensor } from "../drivers/appliance-registry.ts";
import { makeMeter, type Buses, type Given } from "../drivers/registry.ts";
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

/** What every device may work with. */
export interface DeviceParts {
  clock: Clock;
  log: Log;
}

async function deviceOf(
  name: string,
  device: ApplianceDeviceConfig,
  config: AgentConfig,
  buses: BusSet,
  parts: DeviceParts,
): Promise<ApplianceDevice> {
  const relay = (wanted: string): Promise<Relay> => {
    const found = config.relays.find((one) => one.name === wanted);
    if (!found) throw new AppError("relay-unknown", `appliance ${name} names relay "${wanted}"; add it under relays`);
    return makeRelay(found, givenTo(found.name, "bus" in found ? found.bus : null, buses, parts));
  };
  if (device.by === "driver")
    return makeDevice(device.config, givenTo(name, "bus" in device.config ? device.config.bus : null, buses, parts));
  const { ratedPowerW } = device;
  if (device.by === "relay") return relayLoad({ name, relay: await relay(device.relay), ratedPowerW });
  return sgReady({ name, first: await relay(device.first), second: await relay(device.second), ratedPowerW });
}

/** Every sensor. @throws AppError of the buses */
export function sensorsOf(config: AgentConfig, buses: BusSet, parts: DeviceParts): Promise<Sensor[]> {
  const made = config.sensors.map((sensor) => makeSensor(sensor, givenTo(sensor.name, sensor.bus, buses, parts)));
  return Promise.all(made);
}

/** Every meter, not yet started. @throws AppError of the buses */
export function metersOf(config: AgentConfig, buses: BusSet, parts: DeviceParts): Promise<Meter[]> {
  const made = config.meters.map((meter) => makeMeter(meter, givenTo(meter.name, meter.bus, buses, parts)));
  return Promise.all(made);
}

/** @param line name of the bus; null for what needs none */
export function givenTo(name: string, line: string | null, buses: BusSet, { clock, log }: DeviceParts): Given {
  return {
    name,
    clock,
    log,
    stamp: () => ({ receivedMs: clock.now(), clockSynced: clock.synced() }),
    bus: <Kind extends keyof Buses>(kind: Kind) => (line === null ? (null as Buses[Kind]) : buses.bus(line, kind)),
  };
}
