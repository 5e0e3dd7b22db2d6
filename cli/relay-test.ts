import { setTimeout as sleep } from "node:timers/promises";
import { join } from "node:path";
import { givenTo } from "../agent/devices.ts";
import { openBuses } from "../agent/open-buses.ts";
import { longestTestS, RelayTested } from "../agent/relay-test.ts";
import type { AgentConfig } from "../agent/config/agent-config.ts";
import { AppError, errorCode, errorMessage } from "../core/app-error.ts";
import { realClock } from "../core/clock/real-clock.ts";
import { parseAs } from "../core/parse-as.ts";
import { makeRelay } from "../drivers/appliance-registry.ts";
import type { Relay } from "../drivers/appliance/relay.ts";
import { readAgentConfig } from "./read-agent-config.ts";
import { askedAgent, isAgentGone } from "./ask-agent.ts";
import { exitCode } from "./exit-code.ts";
import { stderrLog } from "./stderr-log.ts";
import { stopRequest } from "./stop-request.ts";

/** A device with a timer lets go this much later by itself, where nobody has told it to. */
const timerSlackMs = 5000;
const tries = 3;

/**
 * `smart-mla relay test NAME --for TIME -c FILE`: out of its safe state and back. By the running agent and its guard where
 * one answers; else on the line itself. Exit 1 where it is refused or does not do it.
 */
export async function relayTest(
  relay: string,
  options: { config: string; for: string },
  say: (line: string) => void,
): Promise<number> {
  const seconds = secondsOf(options.for);
  const config = readAgentConfig(options.config);
  const stop = stopRequest();
  try {
    say(await throughAgent(config, relay, seconds, stop));
    return exitCode.good;
  } catch (error) {
    if (stop.aborted) {
      say(`${relay}: stopped; the agent puts it back`);
      return exitCode.checkFailed;
    }
    if (isAgentGone(error)) return onItsLine(config, relay, seconds, stop, say);
    if (!errorCode(error).startsWith("relay-test-")) throw error;
    process.stderr.write(`${errorCode(error)}: ${errorMessage(error)}\n`);
    return exitCode.checkFailed;
  }
}

async function throughAgent(config: AgentConfig, relay: string, seconds: number, stop: AbortSignal): Promise<string> {
  const body = await askedAgent(join(config.stateFolder, "agent.sock"), {
    method: "POST",
    path: "/v1/relay-test",
    body: { relay, seconds },
    takesMs: seconds * 1000,
    signal: stop,
  });
  const { appliance, closed, seconds: took, cutShort, notRestored } = parseAs(RelayTested, body, "agent-unreachable");
  if (cutShort !== null)
    throw new AppError("relay-test-failed", `${relay} was ${position(closed)} for ${took} s only: ${cutShort}`);
  if (notRestored !== null)
    throw new AppError("relay-test-failed", `${relay} was ${position(closed)} and is not back yet: ${notRestored}`);
  return `${relay}: ${position(closed)} for ${took} s and ${position(!closed)} again, by the agent (${appliance})`;
}

/** Without an agent there are no rests and no limits: whoever types this stands beside the relay. */
async function onItsLine(
  config: AgentConfig,
  name: string,
  seconds: number,
  stop: AbortSignal,
  say: (line: string) => void,
): Promise<number> {
  const found = config.relays.find((one) => one.name === name);
  if (!found)
    throw new AppError(
      "relay-unknown",
      `no relay "${name}"; there are: ${config.relays.map((one) => one.name).join(", ") || "none"}`,
    );
  const log = stderrLog("relay", config.logLevel);
  const clock = realClock({ onError: (error) => log.error({ error: errorMessage(error) }, "unexpected") });
  const buses = openBuses(config.buses, clock);
  const { safeClosed, ...relayConfig } = found;
  try {
    const relay = await makeRelay(
      relayConfig,
      givenTo(name, "bus" in relayConfig ? relayConfig.bus : null, buses, { clock, log }),
    );
    await clickedAndBack(relay, safeClosed, seconds, stop);
  } finally {
    await buses.close();
  }
  say(
    `${name}: ${position(!safeClosed)} ${stop.aborted ? "until it was stopped" : `for ${seconds} s`} and ${position(safeClosed)} again, without an agent`,
  );
  return stop.aborted ? exitCode.checkFailed : exitCode.good;
}

/** Lets go of the relay whatever comes, also where it cannot be put back. */
export async function clickedAndBack(relay: Relay, safeClosed: boolean, seconds: number, stop: AbortSignal): Promise<void> {
  try {
    try {
      await click(relay, !safeClosed, seconds, stop);
    } finally {
      await back(relay, safeClosed);
    }
  } finally {
    await relay.close?.();
  }
}

async function click(relay: Relay, closed: boolean, seconds: number, stop: AbortSignal): Promise<void> {
  // Where the device has a timer it opens also when this process is killed.
  if (closed && relay.closeFor) await relay.closeFor(seconds * 1000 + timerSlackMs);
  else await relay.set(closed);
  await sleep(seconds * 1000, undefined, { signal: stop }).catch(() => undefined);
}

/** @throws AppError relay-test-failed where it does not read as it should, whatever was tried */
async function back(relay: Relay, safeClosed: boolean): Promise<void> {
  let why = "it reads otherwise";
  for (let attempt = 1; attempt <= tries; attempt++)
    try {
      await relay.set(safeClosed);
      if ((await relay.isClosed()) === safeClosed) return;
    } catch (error) {
      why = errorMessage(error);
    }
  throw new AppError(
    "relay-test-failed",
    `${relay.name} is not back in its safe state (${position(safeClosed)}): ${why}; switch it by hand`,
    { temporary: true },
  );
}

const position = (closed: boolean): string => (closed ? "closed" : "open");

/** @throws AppError usage-bad-time */
function secondsOf(length: string): number {
  const [, count, unit] = /^(\d{1,3})([sm])$/.exec(length) ?? [];
  const seconds = Number(count) * (unit === "m" ? 60 : 1);
  if (count === undefined || seconds < 1 || seconds > longestTestS)
    throw new AppError("usage-bad-time", `--for ${length} is no time from 1s to ${longestTestS / 60}m; write it as 5s or 2m`);
  return seconds;
}
