import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import {
  defaultGridLimitRules,
  gridLimitAtStart,
  gridLimitW,
  refusedLimit,
  stepGridLimit,
  type GridLimitRules,
  type GridLimitState,
} from "../guard/grid-limit.ts";
import { guard } from "../guard/guard.ts";
import {
  draws,
  guardAtStart,
  switchedAppliance,
  type ApplianceState,
  type GuardedAppliance,
  type GuardState,
} from "../guard/guarded-appliance.ts";
import { clockJumpMs, type GuardInput } from "../guard/guard-input.ts";
import { increaseDelayMs } from "../guard/increase-delay.ts";
import { refusedKinds } from "../config/appliance-schema.ts";
import { intents } from "../plan/intent.ts";
import type { Override } from "../plan/override.ts";
import type { TracedAppliance, TraceEvent } from "./trace-event.ts";

/** What was decided at one event of a trace. */
export interface ReplayLine {
  at: number;
  /** Limit of the grid operator's channel, W; null is unlimited. */
  limitW: number | null;
  /** How every appliance should stand then, and until when without a renewal; null in the declared safe state. */
  commands: { resource: string; on: boolean; mode: string; powerW: number; leaseUntilS: number | null }[];
  /** One for each command, then what else there is to say. */
  reasons: string[];
}

interface World {
  rules: GridLimitRules;
  house: Pick<GuardInput, "maxImportW" | "fusePhaseW" | "peakW" | "rampWPerMin">;
  delay: { longestMs: number; seed: Uint8Array };
  appliances: readonly GuardedAppliance[];
  limit: GridLimitState;
  guarded: GuardState;
  reading: { powerW: number; phaseW: readonly number[]; atMs: number } | null;
  lists: Map<string, InstructionList>;
  overrides: Override[];
  /** Wall clock less monotonic clock, ms. */
  offsetMs: number;
  /** When it jumped last; -Infinity where it has not. */
  jumpedMs: number;
}

/** Without a config event a house's connection is no bound. */
const noBoundW = 1e9;

/**
 * Runs a trace through plan and guard, without any hardware: what would have been switched, and why. Pure.
 * @throws AppError trace-out-of-order where an event lies before the one before it
 */
export function replay(events: readonly TraceEvent[]): ReplayLine[] {
  return events.map(replayer());
}

/** The same event by event, for a house whose readings depend on what was decided before. Each replayer has its own memory. */
export function replayer(): (event: TraceEvent) => ReplayLine {
  const world: World = {
    rules: defaultGridLimitRules,
    house: { maxImportW: noBoundW, fusePhaseW: null, peakW: null, rampWPerMin: null },
    delay: { longestMs: 0, seed: new Uint8Array() },
    appliances: [],
    limit: gridLimitAtStart,
    guarded: guardAtStart,
    reading: null,
    lists: new Map(),
    overrides: [],
    offsetMs: 0,
    jumpedMs: -Infinity,
  };
  let [count, last] = [0, 0];
  return (event) => {
    count++;
    if (event.at < last)
      throw new AppError(
        "trace-out-of-order",
        `event ${count} is at ${event.at} s, after one at ${last} s; sort the trace by "at"`,
      );
    last = event.at;
    const nowMs = event.at * 1000;
    world.limit = stepGridLimit(world.limit, { kind: "tick", atMs: nowMs }, world.rules);
    const said = take(world, event, nowMs);
    return decide(world, event.at, nowMs, said);
  };
}

/** @returns what is to be said of the event itself */
function take(world: World, event: TraceEvent, nowMs: number): string[] {
  switch (event.kind) {
    case "heartbeat":
      world.limit = stepGridLimit(world.limit, { kind: "heartbeat", atMs: nowMs }, world.rules);
      return [];
    case "limit": {
      const { limitW, active, durationS } = event;
      const write = { limitW, active, durationMs: durationS === null ? null : durationS * 1000 };
      const refused = refusedLimit(write);
      if (refused !== undefined) return [`limit refused: ${refused}`];
      world.limit = stepGridLimit(world.limit, { kind: "limit", atMs: nowMs, ...write }, world.rules);
      return [];
    }
    case "reading":
      world.reading = { powerW: event.powerW, phaseW: event.phaseW, atMs: nowMs };
      return [];
    case "instruction":
      world.lists.set(event.resource, listOf(event));
      return [];
    case "override":
      world.overrides = world.overrides.filter(({ resource }) => resource !== event.resource);
      if (event.mode === "clear") return [];
      if (event.until === undefined || event.until * 1000 <= nowMs + world.offsetMs)
        return ["override refused: it needs an end that is to come"];
      world.overrides.push({
        resource: event.resource,
        mode: event.mode,
        fromMs: nowMs + world.offsetMs,
        untilMs: event.until * 1000,
      });
      return [];
    case "clock":
      world.offsetMs += (event.jumpS ?? 0) * 1000;
      if (Math.abs(event.jumpS ?? 0) * 1000 > clockJumpMs) world.jumpedMs = nowMs;
      return [];
    case "restart":
      restart(world, nowMs);
      return ["restart: every relay in its declared state"];
    case "config":
      return configure(world, event);
  }
}

/** Ids are of no matter here; they only must be there. */
const noId = "00000000-0000-4000-8000-000000000000";

function listOf({ resource, instructions }: Extract<TraceEvent, { kind: "instruction" }>): InstructionList {
  return {
    plan: noId,
    resource,
    instructions: instructions.map(({ from, until, on, factor, reason }) => ({
      id: noId,
      executionTime: iso(from * 1000),
      validUntil: iso(until * 1000),
      operationModeId: on ? "on" : "off",
      ...(factor !== undefined && { operationModeFactor: factor }),
      reason,
    })),
  };
}

/** A start puts every relay into its declared state; rests and counts go on, and nothing is known of the grid and its limit. */
function restart(world: World, nowMs: number): void {
  world.limit = gridLimitAtStart;
  world.reading = null;
  world.jumpedMs = -Infinity;
  const appliances = [...world.guarded.appliances].map(([resource, state]): [string, ApplianceState] => {
    // One that is not in the configuration at present keeps its rests too, as in the journal.
    const safe = world.appliances.find((one) => one.resource === resource)?.safe ?? state.setting;
    const turned = draws(state.setting) !== draws(safe);
    const changes = [...state.changes, { atMs: nowMs, deltaW: safe.powerW - state.setting.powerW }];
    return [
      resource,
      {
        setting: safe,
        sinceMs: turned ? nowMs : state.sinceMs,
        switchedMs: state.setting.mode === safe.mode ? state.switchedMs : [...state.switchedMs, nowMs],
        changes,
        dueMs: null,
        earlyMs: turned ? 0 : state.earlyMs,
      },
    ];
  });
  world.guarded = { ...guardAtStart, appliances: new Map(appliances) };
}

/** @returns what is to be said of it */
function configure(world: World, event: Extract<TraceEvent, { kind: "config" }>): string[] {
  const { appliances, maxImportW, fusePhaseW, peakRoomW, rampWPerMin, randomDelayS, seed } = event;
  const { heartbeatTimeoutS, failsafeLimitW, releaseWindowS } = event;
  world.house = {
    maxImportW: maxImportW ?? world.house.maxImportW,
    fusePhaseW: fusePhaseW ?? world.house.fusePhaseW,
    peakW: peakRoomW === undefined ? world.house.peakW : peakRoomW,
    rampWPerMin: rampWPerMin === undefined ? world.house.rampWPerMin : rampWPerMin,
  };
  world.delay = {
    longestMs: randomDelayS === undefined ? world.delay.longestMs : randomDelayS * 1000,
    seed: seed === undefined ? world.delay.seed : new TextEncoder().encode(seed),
  };
  world.rules = {
    heartbeatTimeoutMs: heartbeatTimeoutS === undefined ? world.rules.heartbeatTimeoutMs : heartbeatTimeoutS * 1000,
    failsafeLimitW: failsafeLimitW ?? world.rules.failsafeLimitW,
    releaseWindowMs: releaseWindowS === undefined ? world.rules.releaseWindowMs : releaseWindowS * 1000,
  };
  if (!appliances) return [];
  const isRefused = ({ kind }: { kind: string }): boolean => refusedKinds.some((refused) => refused === kind);
  world.appliances = appliances.filter((one) => !isRefused(one)).map(applianceOf);
  return appliances.filter(isRefused).map(({ resource, kind }) => `${resource}: refused, a ${kind} is never switched`);
}

function applianceOf(traced: TracedAppliance): GuardedAppliance {
  const { resource, ratedPowerW, minOnS, minOffS, maxOffS, safeOn, minPowerW, stepW = 0, phases } = traced;
  const appliance = switchedAppliance({
    resource,
    ratedPowerW,
    minOnMs: minOnS * 1000,
    minOffMs: minOffS * 1000,
    maxOffMs: maxOffS === null ? null : maxOffS * 1000,
    safeOn,
    phases,
  });
  const modes = appliance.modes.map((mode) => (mode.id === "on" ? { ...mode, minW: minPowerW ?? mode.minW } : mode));
  return { ...appliance, stepW, modes };
}

/** Traces have no storage. */
const nothingSpent: ReadonlyMap<string, string> = new Map();

function decide(world: World, at: number, nowMs: number, said: readonly string[]): ReplayLine {
  const limitW = gridLimitW(world.limit, world.rules);
  const wallMs = nowMs + world.offsetMs;
  const { commands, state } = guard(world.appliances, world.guarded, {
    ...world.house,
    nowMs,
    sinceJumpMs: nowMs - world.jumpedMs,
    meterAgeMs: world.reading ? nowMs - world.reading.atMs : Infinity,
    importW: world.reading?.powerW ?? null,
    phaseW: world.reading?.phaseW ?? [],
    maxExportW: null,
    spent: nothingSpent,
    gridLimitW: limitW,
    increaseDelayMs: increaseDelayMs(world.delay.seed, wallMs, world.delay.longestMs),
    intents: intents(world.appliances, {
      nowMs: wallMs,
      instructions: world.lists,
      local: new Map(),
      overrides: world.overrides,
      needs: new Map(),
    }),
  });
  world.guarded = state;
  return {
    at,
    limitW,
    commands: commands.map(({ resource, setting, leaseUntilMs }) => ({
      resource,
      on: draws(setting),
      ...setting,
      leaseUntilS: leaseUntilMs === null ? null : leaseUntilMs / 1000,
    })),
    reasons: [...commands.map(({ resource, reason }) => `${resource}: ${reason}`), `grid limit: ${world.limit.is}`, ...said],
  };
}
