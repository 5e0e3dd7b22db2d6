import type { Setting } from "../../core/setting.ts";
import { authorityRank } from "../plan/intent.ts";
import { boundsOf, count, type Bound } from "./bounds.ts";
import { givingOf } from "./giving.ts";
import { guardedCommand, type GuardedCommand } from "./guarded-command.ts";
import {
  byDraw,
  draws,
  sameSetting,
  standing,
  type ApplianceState,
  type GuardedAppliance,
  type GuardState,
} from "./guarded-appliance.ts";
import { afterJumpMs, staleMeterMs, type GuardInput } from "./guard-input.ts";
import { increaseHeld, isPrompt, ofLastHour, reductionHeld, type Wish } from "./rest.ts";
import { fitted, lowered } from "./within-mode.ts";

/** Longest departure from the safe state without a renewal. */
export const leaseMs = 15 * 60_000;
/** No meter lags longer behind what was switched. */
const changesMs = 120_000;

/** One appliance in one pass. */
interface Turn {
  appliance: GuardedAppliance;
  now: ApplianceState;
  wish: Wish;
  setting: Setting;
  reason: string;
  dueMs: number | null;
}

/**
 * What may run now. Order of authority: compressor rest (minimum off) > fuse, limits and the reserve of storage > the plan's intents, which carry
 * their own order; a stale meter or a clock that jumped leads to the declared safe state. Minimum-on, the switch count and delays never hold back
 * a reduction that a limit or a stale meter demands. Pure: gives the commands and the next state.
 */
export function guard(
  appliances: readonly GuardedAppliance[],
  state: GuardState,
  input: GuardInput,
): { commands: GuardedCommand[]; state: GuardState } {
  const bounds = boundsOf(appliances, state, input);
  const giving = givingOf(appliances, state, input);
  const turns = appliances.map((appliance): Turn => {
    const now = state.appliances.get(appliance.resource) ?? standing(appliance.safe);
    const wish = wishOf(appliance, now, input);
    return { appliance, now, wish, setting: now.setting, reason: wish.reason, dueMs: null };
  });
  const take = (turn: Turn, setting: Setting, reason: string): void => {
    const deltaW = setting.powerW - turn.setting.powerW;
    for (const bound of bounds) count(bound, turn.appliance, deltaW);
    giving.count(turn.appliance, deltaW);
    turn.setting = setting;
    turn.reason = reason;
  };
  // A reserve and a limit of what is fed in wait for no delay.
  for (const turn of turns) {
    const { appliance, wish } = turn;
    const less = giving.less(appliance, turn.setting, wish.authority);
    if (less) take(turn, less.setting, less.reason);
    const fits = giving.fitted(appliance, turn.setting, wish);
    if (!fits) continue;
    turn.wish = { ...wish, ...fits };
    turn.reason = fits.reason;
  }
  // What the plan gives up anyway spares another appliance from being shed.
  for (const turn of turns) if (byDraw(turn.appliance, turn.wish.setting, turn.now.setting) < 0) reduce(turn, input, take);
  const shed = shedAll(turns, bounds, take);
  const house = { ...state, ...raised(state, input) };
  const rising = turns.filter((turn) => !shed.has(turn) && byDraw(turn.appliance, turn.wish.setting, turn.setting) > 0);
  for (const turn of rising.toSorted((one, other) => authorityRank(other.wish.authority) - authorityRank(one.wish.authority)))
    house.rampUntilMs = raise(turn, house, bounds, input, take);
  return {
    commands: turns.map(({ appliance, setting, reason }) =>
      guardedCommand({
        resource: appliance.resource,
        setting,
        reason,
        leaseUntilMs: sameSetting(setting, appliance.safe) ? null : input.nowMs + leaseMs,
      }),
    ),
    state: {
      ...house,
      appliances: new Map([...state.appliances, ...turns.map((turn) => [turn.appliance.resource, step(turn, input)] as const)]),
    },
  };
}

type Take = (turn: Turn, setting: Setting, reason: string) => void;

function wishOf(appliance: GuardedAppliance, now: ApplianceState, input: GuardInput): Wish {
  const safe = { setting: appliance.safe, authority: "safe-state" as const };
  if (input.meterAgeMs > staleMeterMs) return { ...safe, reason: "meter stale, safe state", urgent: true };
  if (input.sinceJumpMs < afterJumpMs) return { ...safe, reason: "clock jumped, safe state", urgent: true };
  const intent = input.intents.find(({ resource }) => resource === appliance.resource);
  if (!intent) return { ...safe, reason: "no intent, safe state", urgent: false };
  const { setting, authority, reason, urgent = false } = intent;
  const wish = { setting, authority, reason, urgent };
  if (appliance.maxOffMs === null || draws(setting) || draws(now.setting)) return wish;
  // Comfort stands above the plan, and a new plan does not know how long the last one held the appliance back.
  // The resident's own word stands above comfort.
  if (authorityRank(authority) >= authorityRank("override") && !appliance.maxOffAlways) return wish;
  if (input.nowMs - now.sinceMs < appliance.maxOffMs - now.earlyMs) return wish;
  const top = appliance.modes.at(-1);
  const free = draws(appliance.safe) || !top ? appliance.safe : { mode: top.id, powerW: top.maxW };
  return { setting: free, authority: "comfort", reason: "held back as long as allowed", urgent: false };
}

function reduce(turn: Turn, input: GuardInput, take: Take): void {
  const held = reductionHeld(turn.appliance, turn.now, turn.wish, input.nowMs);
  if (held === undefined) take(turn, turn.wish.setting, turn.wish.reason);
  else turn.reason = held;
}

/** Lowest authority first, and of equals first what can give way a little. @returns who had to give way */
function shedAll(turns: readonly Turn[], bounds: readonly Bound[], take: Take): Set<Turn> {
  const shed = new Set<Turn>();
  const order = turns.toSorted(
    (one, other) =>
      authorityRank(one.wish.authority) - authorityRank(other.wish.authority) ||
      Number(other.appliance.stepW > 0) - Number(one.appliance.stepW > 0),
  );
  for (const turn of order) {
    if (byDraw(turn.appliance, turn.setting, turn.appliance.least) <= 0) continue;
    const over = applying(turn, bounds).filter(({ excessW }) => excessW > 0);
    const [first] = over;
    if (!first) continue;
    const cutW = Math.max(...over.map((bound) => bound.excessW / bound.share(turn.appliance)));
    shed.add(turn);
    take(turn, lowered(turn.appliance, turn.setting, cutW), `above the ${first.name}`);
  }
  return shed;
}

/** What keeps pipes from freezing yields to the fuse alone. */
const applying = ({ appliance, wish }: Turn, bounds: readonly Bound[]): Bound[] =>
  bounds.filter((bound) => bound.share(appliance) > 0 && (bound.isFuse || wish.authority !== "safety"));

/** @returns until when the ramp lets nothing else rise */
function raise(turn: Turn, house: GuardState, bounds: readonly Bound[], input: GuardInput, take: Take): number {
  const { appliance, now, wish } = turn;
  const { nowMs } = input;
  turn.dueMs = isPrompt(wish.authority) ? null : (now.dueMs ?? nowMs + input.increaseDelayMs);
  const held =
    increaseHeld(appliance, now, wish, nowMs) ??
    (nowMs < Math.max(turn.dueMs ?? -Infinity, isPrompt(wish.authority) ? -Infinity : house.raisedUntilMs)
      ? "random delay of an increase runs"
      : undefined) ??
    (wish.authority !== "override" && nowMs < house.rampUntilMs ? "others rise first" : undefined);
  if (held !== undefined) {
    turn.reason = held;
    return house.rampUntilMs;
  }
  const before = turn.setting;
  const limits = applying(turn, bounds);
  const toSafe = byDraw(appliance, wish.setting, appliance.safe) <= 0;
  const unknown = limits.find(({ freeW }) => freeW === null);
  // All safe states together fit the fuse: that way up stays open when nobody knows what the house draws.
  if (unknown && !toSafe) turn.reason = "house import not known";
  else {
    const room = tightest(turn, limits);
    const target = fitted(appliance, before, wish.setting, room.deltaW);
    if (target) take(turn, target, wish.reason);
    else turn.reason = `no room under the ${room.name}`;
  }
  const roseW = turn.setting.powerW - before.powerW;
  if (roseW <= 0 || input.rampWPerMin === null) return house.rampUntilMs;
  // The resident's rise waits for none, and the others wait for all of them.
  return Math.max(nowMs, house.rampUntilMs) + (roseW / input.rampWPerMin) * 60_000;
}

function tightest({ appliance }: Turn, bounds: readonly Bound[]): { name: string; deltaW: number } {
  let found = { name: "", deltaW: Infinity };
  for (const bound of bounds) {
    const deltaW = bound.freeW === null ? Infinity : bound.freeW / bound.share(appliance);
    if (deltaW < found.deltaW) found = { name: bound.name, deltaW };
  }
  return found;
}

/** A limit that is raised or lifted is raised for many homes at once: each waits for its own delay before it takes more. */
function raised(state: GuardState, { gridLimitW, nowMs, increaseDelayMs }: GuardInput): Partial<GuardState> {
  const before = state.gridLimitW;
  const isRaised = before !== undefined && before !== null && (gridLimitW === null || gridLimitW > before);
  return { gridLimitW, ...(isRaised && { raisedUntilMs: nowMs + increaseDelayMs }) };
}

function step({ appliance, now, setting, dueMs }: Turn, { nowMs, increaseDelayMs }: GuardInput): ApplianceState {
  const changes = now.changes.filter(({ atMs }) => nowMs - atMs < changesMs);
  const waits = { ...now, changes, dueMs };
  if (sameSetting(setting, now.setting)) return waits;
  const turned = draws(setting) !== draws(now.setting);
  return {
    ...waits,
    setting,
    changes: [...changes, { atMs: nowMs, deltaW: setting.powerW - now.setting.powerW }],
    switchedMs: [...ofLastHour(now.switchedMs, nowMs), ...(setting.mode === now.setting.mode ? [] : [nowMs])],
    ...(turned && {
      sinceMs: nowMs,
      earlyMs: draws(setting) || appliance.maxOffMs === null ? 0 : early(increaseDelayMs, appliance.maxOffMs),
    }),
  };
}

/** At most half of the longest time; a draw beyond that begins again from 0, so that it does not gather many homes at the half. */
const early = (increaseDelayMs: number, maxOffMs: number): number => increaseDelayMs % (Math.floor(maxOffMs / 2) + 1);
