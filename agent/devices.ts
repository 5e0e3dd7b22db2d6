import { AppError } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import type { Meter, Stamp } from "../drivers/meter/meter.ts";
import { makeMeter, makeRelay } from "../drivers/registry.ts";
import type { Actuated } from "./actuate/actuator.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import type { BusSet } from "./open-buses.ts";

/** Every appliance with its contact. @throws AppError relay-unknown, and those of the buses */
export function relaysOf(config: AgentConfig, buses: BusSet, clock: Clock): Promise<Actuated[]> {
  const made = config.appliances.map(async (appliance) => {
    const relay = config.relays.find(({ name }) => name === appliance.relay);
    if (!relay)
      throw new AppError("relay-unknown", `appliance ${appliance.name} names relay "${appliance.relay}"; add it under relays`);
    return {
      resource: appliance.name,
      safeOn: appliance.safeOn,
      relay: await makeRelay(relay, { name: relay.name, stamp: stampOf(clock), bus: (kind) => buses.bus(relay.bus, kind) }),
    };
  });
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
