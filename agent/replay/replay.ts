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
import { guard, type GuardedAppliance, type GuardState } from "../guard/guard.ts";
import { intents } from "../plan/intent.ts";
import type { Override } from "../plan/override.ts";
import type { TraceEvent } from "./trace-event.ts";

/** What was decided at one event of a trace. */
export interface ReplayLine {
  at: number;
  /** Limit of the grid operator's channel, W; null is unlimited. */
  limitW: number | null;
  /** How every appliance should stand then, and until when without a renewal; null in the declared safe state. */
  commands: { resource: string; on: boolean; leaseUntilS: number | null }[];
  /** One for each command, then what else there is to say. */
  reasons: string[];
}

interface World {
  rules: GridLimitRules;
  maxImportW: number;
  appliances: readonly GuardedAppliance[];
  limit: GridLimitState;
  guarded: GuardState;
  reading: { powerW: number; atMs: number } | null;
  lists: Map<string, InstructionList>;
  overrides: Override[];
  /** Wall clock less monotonic clock, ms. */
  offsetMs: number;
}

/** Without a config event a house's connection is no bound. */
const noBoundW = 1e9;

/**
 * Runs a trace through plan and guard, without any hardware: what would have been switched, and why. Pure.
 * @throws AppError trace-out-of-order where an event lies before the one before it
 */
export function replay(events: readonly TraceEvent[]): ReplayLine[] {
  const world: World = {
    rules: defaultGridLimitRules,
    maxImportW: noBoundW,
    appliances: [],
    limit: gridLimitAtStart,
    guarded: new Map(),
    reading: null,
    lists: new Map(),
    overrides: [],
    offsetMs: 0,
  };
  let last = 0;
  return events.map((event, index) => {
    if (event.at < last)
      throw new AppError(
        "trace-out-of-order",
        `event ${index + 1} is at ${event.at} s, after one at ${last} s; sort the trace by "at"`,
      );
    last = event.at;
    const nowMs = event.at * 1000;
    world.limit = stepGridLimit(world.limit, { kind: "tick", atMs: nowMs }, world.rules);
    const said = take(world, event, nowMs);
    return decide(world, event.at, nowMs, said);
  });
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
      world.reading = { powerW: event.powerW, atMs: nowMs };
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
      return [];
    case "restart":
      restart(world, nowMs);
      return ["restart: every relay in its declared state"];
    case "config":
      configure(world, event);
      return [];
  }
}

/** Ids are of no matter here; they only must be there. */
const noId = "00000000-0000-4000-8000-000000000000";

function listOf({ resource, instructions }: Extract<TraceEvent, { kind: "instruction" }>): InstructionList {
  return {
    plan: noId,
    resource,
    instructions: instructions.map(({ from, until, on, reason }) => ({
      id: noId,
      executionTime: iso(from * 1000),
      validUntil: iso(until * 1000),
      operationModeId: on ? "on" : "off",
      reason,
    })),
  };
}

/** A start puts every relay into its declared state; rests and counts go on, and nothing is known of the grid and its limit. */
function restart(world: World, nowMs: number): void {
  world.limit = gridLimitAtStart;
  world.reading = null;
  world.guarded = new Map(
    [...world.guarded].map(([resource, state]) => {
      const safeOn = world.appliances.find((appliance) => appliance.resource === resource)?.safeOn ?? false;
      return [resource, state.on === safeOn ? state : { on: safeOn, sinceMs: nowMs, switchedMs: [...state.switchedMs, nowMs] }];
    }),
  );
}

function configure(world: World, event: Extract<TraceEvent, { kind: "config" }>): void {
  const { appliances, maxImportW, heartbeatTimeoutS, failsafeLimitW, releaseWindowS } = event;
  world.maxImportW = maxImportW ?? world.maxImportW;
  world.rules = {
    heartbeatTimeoutMs: heartbeatTimeoutS === undefined ? world.rules.heartbeatTimeoutMs : heartbeatTimeoutS * 1000,
    failsafeLimitW: failsafeLimitW ?? world.rules.failsafeLimitW,
    releaseWindowMs: releaseWindowS === undefined ? world.rules.releaseWindowMs : releaseWindowS * 1000,
  };
  if (appliances)
    world.appliances = appliances.map(({ resource, ratedPowerW, minOnS, minOffS, maxOffS, safeOn }) => ({
      resource,
      ratedPowerW,
      minOnMs: minOnS * 1000,
      minOffMs: minOffS * 1000,
      maxOffMs: maxOffS === null ? null : maxOffS * 1000,
      safeOn,
    }));
}

function decide(world: World, at: number, nowMs: number, said: readonly string[]): ReplayLine {
  const limitW = gridLimitW(world.limit, world.rules);
  const { commands, state } = guard(world.appliances, world.guarded, {
    nowMs,
    meterAgeMs: world.reading ? nowMs - world.reading.atMs : Infinity,
    importW: world.reading?.powerW ?? null,
    maxImportW: Math.min(world.maxImportW, limitW ?? Infinity),
    intents: intents(world.appliances, world.lists, nowMs + world.offsetMs, world.overrides),
  });
  world.guarded = state;
  return {
    at,
    limitW,
    commands: commands.map(({ resource, on, leaseUntilMs }) => ({
      resource,
      on,
      leaseUntilS: leaseUntilMs === null ? null : leaseUntilMs / 1000,
    })),
    reasons: [...commands.map(({ resource, reason }) => `${resource}: ${reason}`), `grid limit: ${world.limit.is}`, ...said],
  };
}
