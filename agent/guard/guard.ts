import type { Intent } from "../plan/intent.ts";
import { guardedCommand, type GuardedCommand } from "./guarded-command.ts";

/** A meter that has been silent so long says nothing about the house. */
export const staleMeterMs = 60_000;
/** Longest departure from the safe state without a renewal. */
export const leaseMs = 15 * 60_000;
const maxSwitchesAnHour = 6;
const hourMs = 3_600_000;

/** What the guard must know of an appliance. */
export interface GuardedAppliance {
  resource: string;
  ratedPowerW: number;
  minOnMs: number;
  minOffMs: number;
  safeOn: boolean;
}

/** How one appliance stands. Times on the monotonic clock. */
export interface ApplianceState {
  on: boolean;
  sinceMs: number;
  /** Times of the switchings of the last hour. */
  switchedMs: readonly number[];
}

export type GuardState = ReadonlyMap<string, ApplianceState>;

export interface GuardInput {
  /** Monotonic clock, ms. */
  nowMs: number;
  /** Age of the newest believed grid reading, ms; Infinity before the first. */
  meterAgeMs: number;
  /** Net import at the grid meter, W; null where it is not known. */
  importW: number | null;
  maxImportW: number;
  intents: readonly Intent[];
}

interface Decision {
  on: boolean;
  reason: string;
}

/**
 * What may run now. Order of authority: compressor rest (minimum off) > grid limit > the plan's intents;
 * a stale meter leads to the declared safe state. Minimum-on and the switch count never hold back
 * a reduction that the grid limit demands. Pure: gives the commands and the next state.
 */
export function guard(
  appliances: readonly GuardedAppliance[],
  state: GuardState,
  input: GuardInput,
): { commands: GuardedCommand[]; state: GuardState } {
  const next = new Map(state);
  const commands: GuardedCommand[] = [];
  const fresh = input.meterAgeMs <= staleMeterMs && input.importW !== null;
  const room = { freeW: fresh ? input.maxImportW - (input.importW ?? 0) : Infinity };
  const wanted = appliances.map((appliance) => ({ appliance, intent: wantedOf(appliance, input) }));
  // Reductions first, so that what the plan gives up anyway spares another appliance from being shed.
  for (const { appliance, intent } of wanted.toSorted((one, other) => Number(one.intent.on) - Number(other.intent.on))) {
    const now = next.get(appliance.resource) ?? { on: appliance.safeOn, sinceMs: -Infinity, switchedMs: [] };
    const decision = decide(appliance, now, intent, room.freeW, input.nowMs);
    if (decision.on && !now.on) room.freeW -= appliance.ratedPowerW;
    // A reduction counts against an excess, but makes room for an increase only once the meter has seen it.
    if (!decision.on && now.on && room.freeW < 0) room.freeW = Math.min(0, room.freeW + appliance.ratedPowerW);
    next.set(appliance.resource, step(now, decision.on, input.nowMs));
    commands.push(
      guardedCommand({
        resource: appliance.resource,
        on: decision.on,
        reason: decision.reason,
        leaseUntilMs: decision.on === appliance.safeOn ? null : input.nowMs + leaseMs,
      }),
    );
  }
  return { commands, state: next };
}

const overLimit = "house import above its limit";

function wantedOf(appliance: GuardedAppliance, input: GuardInput): Decision {
  if (input.meterAgeMs > staleMeterMs) return { on: appliance.safeOn, reason: "meter stale, safe state" };
  const intent = input.intents.find(({ resource }) => resource === appliance.resource);
  return intent ?? { on: appliance.safeOn, reason: "no intent, safe state" };
}

function decide(appliance: GuardedAppliance, now: ApplianceState, wanted: Decision, freeW: number, nowMs: number): Decision {
  if (now.on && freeW < 0) return { on: false, reason: overLimit };
  if (wanted.on === now.on) return wanted;
  const heldMs = nowMs - now.sinceMs;
  const restMs = wanted.on ? appliance.minOffMs : appliance.minOnMs;
  if (heldMs < restMs) return { on: now.on, reason: wanted.on ? "minimum off time runs" : "minimum on time runs" };
  if (recent(now.switchedMs, nowMs).length >= maxSwitchesAnHour) return { on: now.on, reason: "switched too often this hour" };
  if (wanted.on && freeW < appliance.ratedPowerW) return { on: false, reason: "no room under the house import limit" };
  return wanted;
}

const recent = (times: readonly number[], nowMs: number): number[] => times.filter((at) => nowMs - at < hourMs);

function step(now: ApplianceState, on: boolean, nowMs: number): ApplianceState {
  if (on === now.on) return now;
  return { on, sinceMs: nowMs, switchedMs: [...recent(now.switchedMs, nowMs), nowMs] };
}
