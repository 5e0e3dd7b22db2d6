import { errorCode, errorMessage } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import type { Log } from "../core/log.ts";
import type { ApplianceDevice } from "../drivers/appliance/appliance-device.ts";
import { makeDevice, makeRelay } from "../drivers/appliance-registry.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import { givenTo } from "./devices.ts";
import { openBuses } from "./open-buses.ts";

/** One thing to be made safe. */
export interface Target {
  name: string;
  /** Rejects where its password or CA file is gone, or its options cannot be. */
  make(): Promise<Reached>;
}

interface Reached {
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
  try {
    return await allSafe(
      targetsOf(config, (name, line) => givenTo(name, line, buses, { clock, log }), log),
      log,
    );
  } finally {
    await closed("buses", () => buses.close(), log);
  }
}

/** @returns names of those that cannot be made, or do not read back as they should; none of them keeps the others from it */
export async function allSafe(targets: readonly Target[], log: Log): Promise<string[]> {
  // Side by side: a board that says nothing must not keep the others waiting.
  const safe = await Promise.all(targets.map((target) => madeSafe(target, log)));
  return targets.filter((_, index) => !safe[index]).map(({ name }) => name);
}

async function madeSafe({ name, make }: Target, log: Log): Promise<boolean> {
  let reached: Reached | undefined;
  let safe = false;
  for (let attempt = 1; attempt <= 3 && !safe; attempt++)
    try {
      reached ??= await make();
      safe = await reached.makeSafe();
    } catch (error) {
      log.warn({ device: name, attempt, code: errorCode(error), error: errorMessage(error) }, "not put into its safe state");
    }
  if (safe) log.info({ device: name }, "in its safe state");
  await closed(name, () => reached?.close?.(), log);
  return safe;
}

/** What cannot be let go of ends with the process; what stands safe does not become unsafe by it. */
async function closed(device: string, close: () => void | Promise<void>, log: Log): Promise<void> {
  try {
    await close();
  } catch (error) {
    log.warn({ device, code: errorCode(error), error: errorMessage(error) }, "not closed");
  }
}

function targetsOf(
  config: AgentConfig,
  given: (name: string, line: string | null) => ReturnType<typeof givenTo>,
  log: Log,
): Target[] {
  const relays = config.relays.map(({ safeClosed, ...relayConfig }): Target => {
    const { name } = relayConfig;
    return {
      name,
      async make() {
        const relay = await makeRelay(relayConfig, given(name, "bus" in relayConfig ? relayConfig.bus : null));
        return {
          async makeSafe() {
            await relay.set(safeClosed);
            return true;
          },
          close: relay.close?.bind(relay),
        };
      },
    };
  });
  const devices = config.appliances.flatMap(({ name, device, safe }): Target[] => {
    if (device.by !== "driver") return [];
    const { config: deviceConfig } = device;
    if (!("bus" in deviceConfig)) {
      log.warn({ device: name }, "dials the gateway and falls back by its own profile");
      return [];
    }
    const { bus } = deviceConfig;
    return [{ name, make: async () => reachedBy(await makeDevice(deviceConfig, given(name, bus)), safe) }];
  });
  return [...relays, ...devices];
}

function reachedBy(device: ApplianceDevice, safe: Parameters<ApplianceDevice["set"]>[0]): Reached {
  return {
    async makeSafe() {
      await device.set(safe);
      return (await device.read()).mode === safe.mode;
    },
    close: device.close?.bind(device),
  };
}
