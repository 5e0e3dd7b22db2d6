import { errorCode, errorMessage } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import type { Log } from "../core/log.ts";
import type { ApplianceDevice } from "../drivers/appliance/appliance-device.ts";
import { makeDevice, makeRelay } from "../drivers/appliance-registry.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import { givenTo } from "./devices.ts";
import { openBuses } from "./open-buses.ts";

/** One thing to be made safe. */
interface Target {
  name: string;
  /** Sets it, reads it back, and says whether it reads so. */
  makeSafe(): Promise<boolean>;
  close?: (() => void | Promise<void>) | undefined;
}

/**
 * Puts every relay, charger, battery and inverter into its declared safe state without anything else of the agent: what
 * ExecStopPost runs after a crash. Tries all of them, three times each. A charger that dials the gateway cannot be reached
 * from here: it falls back by the profile that it has. @returns names of those that do not read back as they should
 */
export async function safeState(config: AgentConfig, clock: Clock, log: Log): Promise<string[]> {
  const buses = openBuses(config.buses, clock);
  const targets = await targetsOf(config, (name, line) => givenTo(name, line, buses, { clock, log }), log);
  // Side by side: a board that says nothing must not keep the others waiting.
  const safe = await Promise.all(targets.map((target) => madeSafe(target, log)));
  await buses.close();
  return targets.filter((_, index) => !safe[index]).map(({ name }) => name);
}

async function madeSafe({ name, makeSafe, close }: Target, log: Log): Promise<boolean> {
  let safe = false;
  for (let attempt = 1; attempt <= 3 && !safe; attempt++)
    try {
      safe = await makeSafe();
    } catch (error) {
      log.warn({ device: name, attempt, code: errorCode(error), error: errorMessage(error) }, "not put into its safe state");
    }
  if (safe) log.info({ device: name }, "in its safe state");
  await close?.();
  return safe;
}

async function targetsOf(
  config: AgentConfig,
  given: (name: string, line: string | null) => ReturnType<typeof givenTo>,
  log: Log,
): Promise<Target[]> {
  const relays = config.relays.map(async ({ safeClosed, ...relayConfig }): Promise<Target> => {
    const relay = await makeRelay(relayConfig, given(relayConfig.name, "bus" in relayConfig ? relayConfig.bus : null));
    return {
      name: relay.name,
      async makeSafe() {
        await relay.set(safeClosed);
        return true;
      },
      close: relay.close?.bind(relay),
    };
  });
  const devices = config.appliances.flatMap(({ name, device, safe }) => {
    if (device.by !== "driver") return [];
    if (!("bus" in device.config)) {
      log.warn({ device: name }, "dials the gateway and falls back by its own profile");
      return [];
    }
    const made = makeDevice(device.config, given(name, device.config.bus));
    return [made.then((one) => targetOf(one, safe))];
  });
  return Promise.all([...relays, ...devices]);
}

function targetOf(device: ApplianceDevice, safe: Parameters<ApplianceDevice["set"]>[0]): Target {
  return {
    name: device.name,
    async makeSafe() {
      await device.set(safe);
      return (await device.read()).mode === safe.mode;
    },
    close: device.close?.bind(device),
  };
}
