import { z } from "zod";
import { aborted } from "../core/aborted.ts";
import { AppError } from "../core/app-error.ts";
import { iso, type Clock } from "../core/clock/clock.ts";
import type { Log } from "../core/log.ts";
import { Name } from "../core/message/fields.ts";
import { parseAs } from "../core/parse-as.ts";
import type { Setting } from "../core/setting.ts";
import type { Actuator } from "./actuate/actuator.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import type { ApplianceConfig } from "./config/appliance-config.ts";
import type { ControlLoop } from "./control-loop.ts";
import { draws, sameSetting } from "./guard/guarded-appliance.ts";
import { authorityRank, type Intent } from "./plan/intent.ts";
import { overrideAt, type Override } from "./plan/override.ts";

const checkMs = 1000;
/** As long as a lease: no test can outlive the agent by more. */
export const longestTestS = 900;

/** What is asked for: which relay leaves its safe state, for how long. */
export const RelayTestRequest = z.strictObject({ relay: Name, seconds: z.int().min(1).max(longestTestS) });

/** What came of it. */
export const RelayTested = z.object({
  relay: z.string(),
  appliance: z.string(),
  /** How the contact stood during the test, as it was read back. */
  closed: z.boolean(),
  seconds: z.number(),
  /** Why it ended before its time; null where it did not. */
  cutShort: z.string().nullable(),
  /** Why it does not stand in its safe state again; null where it does. */
  notRestored: z.string().nullable(),
});
export type RelayTested = z.infer<typeof RelayTested>;

/** Tests that run now, as what they want of their appliances; by resource. */
export type RunningTests = Map<string, Intent>;

/** What comfort wants, and above it what tests want; what keeps pipes from freezing stands above both. */
export function withTests(needs: ReadonlyMap<string, Intent>, tests: RunningTests): ReadonlyMap<string, Intent> {
  const higher = [...tests].filter(([resource, { authority }]) => {
    const need = needs.get(resource);
    return !need || authorityRank(authority) > authorityRank(need.authority);
  });
  return new Map([...needs, ...higher]);
}

/**
 * Clicks a relay for an installer: out of its safe state for a time and back, through the guard like everything else. A test
 * wants what a resident may want, so limits, the minimum off time and the count of changes hold; only its end waits for no
 * minimum on time. It departs from the safe state alone: what is at work is not disturbed.
 */
export function relayTesting(parts: {
  config: Pick<AgentConfig, "relays" | "appliances">;
  tests: RunningTests;
  overrides: () => readonly Override[];
  loop: Pick<ControlLoop, "trigger" | "idle" | "now">;
  actuator: Pick<Actuator, "isSet" | "alarm">;
  clock: Clock;
  log: Log;
  /** Of the agent. */
  signal: AbortSignal;
}): (request: unknown, signal: AbortSignal) => Promise<RelayTested> {
  const { config, tests, loop, actuator, clock, log } = parts;
  const decided = async (): Promise<void> => {
    loop.trigger();
    await loop.idle();
  };
  const reasonOf = (resource: string): string => loop.now().find((one) => one.resource === resource)?.reason ?? "not decided";
  const stands = (resource: string, setting: Setting): boolean => {
    const now = actuator.isSet(resource);
    return now !== undefined && sameSetting(now, setting);
  };

  return async (request, signal) => {
    const { relay, seconds } = parseAs(RelayTestRequest, request, "relay-test-malformed");
    const appliance = applianceOf(config, relay);
    const { name, safe } = appliance;
    if (tests.has(name)) throw refused(`a test of relay "${relay}" runs already`);
    const override = overrideAt(parts.overrides(), name, clock.now());
    if (override)
      throw refused(`${override.mode} of ${name} until ${iso(override.untilMs)} is the resident's word; take it back first`);
    if (!stands(name, safe))
      throw refused(
        `${name} does not stand in its safe state (${safe.mode}): ${actuator.alarm(name) ?? reasonOf(name)}; test it when it does`,
      );
    const setting = away(appliance, seconds);
    const reason = `relay test until ${iso(clock.now() + seconds * 1000)}`;
    try {
      tests.set(name, { resource: name, setting, authority: "override", reason });
      await decided();
      if (!stands(name, setting)) throw notSwitched(name, reasonOf(name), reason);
      log.info({ relay, appliance: name, ...setting, seconds }, "relay test");
      const startMs = clock.monotonicMs();
      const stopped = AbortSignal.any([signal, parts.signal]);
      await passed(clock, seconds * 1000, () => stands(name, setting), stopped);
      const cutShort = stands(name, setting) ? (stopped.aborted ? "stopped" : null) : reasonOf(name);
      const tookMs = clock.monotonicMs() - startMs;
      tests.set(name, { resource: name, setting: safe, authority: "override", reason: "relay test over", urgent: true });
      await decided();
      const notRestored = stands(name, safe) ? null : reasonOf(name);
      return { relay, appliance: name, closed: draws(setting), seconds: Math.round(tookMs / 1000), cutShort, notRestored };
    } finally {
      tests.delete(name);
      loop.trigger();
    }
  };
}

const refused = (why: string): AppError => new AppError("relay-test-refused", why);

/** @throws AppError relay-unknown, relay-test-refused */
function applianceOf({ relays, appliances }: Pick<AgentConfig, "relays" | "appliances">, relay: string): ApplianceConfig {
  if (!relays.some(({ name }) => name === relay))
    throw new AppError("relay-unknown", `no relay "${relay}"; there are: ${relays.map(({ name }) => name).join(", ") || "none"}`);
  for (const appliance of appliances) {
    const { name, device } = appliance;
    if (device.by === "relay" && device.relay === relay) return appliance;
    if (device.by === "sg_ready" && (device.first === relay || device.second === relay))
      throw refused(
        `relay "${relay}" is one of two contacts of ${name}, which mean something only together; stop the agent to test it`,
      );
  }
  throw refused(`no appliance uses relay "${relay}", so the agent does not know what it switches; stop the agent to test it`);
}

/** The setting that a test goes to. @throws AppError relay-test-refused where the appliance could not be back in time */
function away({ name, modes, safe, least, minOffMs, maxOffMs }: ApplianceConfig, seconds: number): Setting {
  const top = modes.at(-1);
  if (!draws(safe)) return top ? { mode: top.id, powerW: top.maxW } : safe;
  if (minOffMs > seconds * 1000)
    throw refused(
      `${name} is on in its safe state and once off it rests for ${minOffMs / 1000} s; test it for that long (--for)`,
    );
  if (maxOffMs !== null && maxOffMs < seconds * 1000)
    throw refused(`${name} may be kept off for ${maxOffMs / 1000} s at most; test it for a shorter time`);
  return least;
}

function notSwitched(name: string, given: string, wanted: string): AppError {
  // The guard let it, and the board did not.
  if (given === wanted)
    return new AppError("relay-test-failed", `${name} was told and does not read so; look at the agent's log`);
  return refused(`${name}: ${given}`);
}

/** Resolves when the time is over, or before it where what was to last does not, or the signal aborts. */
async function passed(clock: Clock, ms: number, lasts: () => boolean, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const ended = AbortSignal.any([over.signal, signal]);
  clock.after(ms, () => over.abort(), ended);
  clock.every(checkMs, () => void (lasts() || over.abort()), ended);
  await aborted(ended);
}
