import type { Intent } from "../plan/intent.ts";
import { guardedCommand, type GuardedCommand } from "./guarded-command.ts";

/** A meter that has been silent so long says nothing about the house. */
export const staleMeterMs = 60_000;
/** Longest departure from the safe state without a renewal. */
export const leaseMs = 15 * 60_000;
/** What was switched so shortly before a reading may not be in its figure: meters average, loads ramp. */
const meterLagMs = 10_000;
const maxSwitchesAnHour = 6;
const hourMs = 3_600_000;

/** What the guard must know of an appliance. */
export interface GuardedAppliance {
  resource: string;
  ratedPowerW: number;
  minOnMs: number;
  minOffMs: number;
  safeOn: boolean;
  /** A plan may keep it off for so long at a time; null where off has no limit. */
  maxOffMs: number | null;
}

/** How one appliance stands. Times on the monotonic clock. */
export interface ApplianceState {
  on: boolean;
  sinceMs: number;
  /** Times of the switchings of the last hour. */
  switchedMs: readonly number[];
}

/** The guard's memory, by resource. */
export type GuardState = ReadonlyMap<string, ApplianceState>;

/** What the guard decides by, besides its memory. */
export interface GuardInput {
  /** Monotonic clock, ms. */
  nowMs: number;
  /** Age of the newest believed grid reading, ms; Infinity before the first. */
  meterAgeMs: number;
  /** Net import at the grid meter, W; null where it is not known. */
  importW: number | null;
  /** What the house may take from the grid, W. */
  maxImportW: number;
  intents: readonly Intent[];
}

interface Decision {
  on: boolean;
  reason: string;
}

interface Wish extends Decision {
  /** Nothing but a contact that does not move holds it back when it switches off. */
  urgentOff: boolean;
}

/** What the house's limit leaves, W. */
interface Room {
  /** What must go. */
  excessW: number;
  /** What may come; null while nobody knows what the house draws. */
  freeW: number | null;
}

/**
 * What may run now. Order of authority: compressor rest (minimum off) > grid limit > longest time held back > the
 * plan's intents; a stale meter leads to the declared safe state. Minimum-on and the switch count never hold back
 * a reduction that the grid limit or a stale meter demands. Pure: gives the commands and the next state.
 */
export function guard(
  appliances: readonly GuardedAppliance[],
  state: GuardState,
  input: GuardInput,
): { commands: GuardedCommand[]; state: GuardState } {
  const next = new Map(state);
  const commands: GuardedCommand[] = [];
  const room = roomOf(appliances, state, input);
  const wanted = appliances.map((appliance) => ({ appliance, wish: wishOf(appliance, state, input) }));
  // Reductions first, so that what the plan gives up anyway spares another appliance from being shed.
  for (const { appliance, wish } of wanted.toSorted((one, other) => Number(one.wish.on) - Number(other.wish.on))) {
    const now = next.get(appliance.resource) ?? { on: appliance.safeOn, sinceMs: -Infinity, switchedMs: [] };
    const decision = decide(appliance, now, wish, room, input.nowMs);
    // A reduction counts against an excess, but makes room for an increase only once the meter has seen it.
    if (!decision.on && now.on) room.excessW -= appliance.ratedPowerW;
    if (decision.on && !now.on && room.freeW !== null) room.freeW -= appliance.ratedPowerW;
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

/** The newest figure of the meter, corrected by what was switched too late to be in it. */
function roomOf(appliances: readonly GuardedAppliance[], state: GuardState, input: GuardInput): Room {
  if (input.importW === null || input.meterAgeMs > staleMeterMs) return { excessW: 0, freeW: null };
  const seenMs = input.nowMs - input.meterAgeMs - meterLagMs;
  const room = { excessW: input.importW - input.maxImportW, freeW: input.maxImportW - input.importW };
  for (const { resource, ratedPowerW } of appliances) {
    const now = state.get(resource);
    if (!now || now.sinceMs <= seenMs) continue;
    if (now.on) room.freeW -= ratedPowerW;
    else room.excessW -= ratedPowerW;
  }
  return room;
}

function wishOf(appliance: GuardedAppliance, state: GuardState, input: GuardInput): Wish {
  const safe = { on: appliance.safeOn, urgentOff: false };
  if (input.meterAgeMs > staleMeterMs) return { ...safe, reason: "meter stale, safe state", urgentOff: true };
  const intent = input.intents.find(({ resource }) => resource === appliance.resource);
  const now = state.get(appliance.resource);
  const offMs = now && !now.on ? input.nowMs - now.sinceMs : 0;
  // Comfort stands above the plan, and a new plan does not know how long the last one held the appliance back.
  // The resident's own word stands above comfort.
  if (intent && !intent.on && intent.authority !== "override" && appliance.maxOffMs !== null && offMs >= appliance.maxOffMs)
    return { on: true, reason: "held back as long as allowed", urgentOff: false };
  return intent ? { on: intent.on, reason: intent.reason, urgentOff: false } : { ...safe, reason: "no intent, safe state" };
}

function decide(
  appliance: GuardedAppliance,
  now: ApplianceState,
  { urgentOff, ...wanted }: Wish,
  room: Room,
  nowMs: number,
): Decision {
  if (now.on && room.excessW > 0) return { on: false, reason: overLimit };
  if (wanted.on === now.on) return wanted;
  if (!wanted.on && urgentOff) return wanted;
  const heldMs = nowMs - now.sinceMs;
  const restMs = wanted.on ? appliance.minOffMs : appliance.minOnMs;
  if (heldMs < restMs) return { on: now.on, reason: wanted.on ? "minimum off time runs" : "minimum on time runs" };
  if (recent(now.switchedMs, nowMs).length >= maxSwitchesAnHour) return { on: now.on, reason: "switched too often this hour" };
  if (!wanted.on) return wanted;
  // All safe states together fit the fuse: that way up stays open when nobody knows what the house draws.
  if (room.freeW === null) return appliance.safeOn ? wanted : { on: false, reason: "house import not known" };
  if (room.freeW < appliance.ratedPowerW) return { on: false, reason: "no room under the house import limit" };
  return wanted;
}

const recent = (times: readonly number[], nowMs: number): number[] => times.filter((at) => nowMs - at < hourMs);

function step(now: ApplianceState, on: boolean, nowMs: number): ApplianceState {
  if (on === now.on) return now;
  return { on, sinceMs: nowMs, switchedMs: [...recent(now.switchedMs, nowMs), nowMs] };
}
