import type { TracedAppliance, TraceEvent } from "../../../agent/replay/trace-event.ts";
import { delayDraw, hear, safeOf, type DelayDraw, type Said, type Stand } from "./wish-model.ts";

/** What is known of one appliance by its commands alone. Times of the monotonic clock, ms. */
export interface Own {
  stand: Stand;
  /** Since when it may draw, or may not. */
  sinceMs: number;
  /** So much before its longest time off it is let go. */
  earlyMs: number;
  /** Changes of its mode. Those of a restart are none of the guard, and count for the next ones all the same. */
  changes: { atMs: number; byRestart: boolean }[];
  moves: Move[];
  /** Until when the increase that is wanted waits; null while none is. */
  dueMs: number | null;
}

interface Move {
  atMs: number;
  deltaW: number;
}

/** What a trace has said so far, and what follows from it. */
export interface ModelWorld {
  nowMs: number;
  atS: number;
  maxImportW: number;
  fuseW: number | null;
  peakW: number | null;
  rampWPerMin: number | null;
  longestMs: number;
  seed: string;
  draw: DelayDraw;
  said: Said;
  appliances: Map<string, TracedAppliance>;
  /** Also of those that were taken away. */
  owns: Map<string, Own>;
  reading: { atMs: number; powerW: number; phaseW: readonly number[] } | null;
  /** No reading, or none of the last minute. */
  isStale: boolean;
  /** The clock was set by more than two minutes in the last five: nobody knows which hour it is. */
  isLost: boolean;
  jumpedMs: number;
  /** Of the grid operator; undefined before the first event and after a restart. */
  limitW: number | null | undefined;
  /** The delay drawn for this quarter of an hour. */
  drawnMs: number;
  /** Increases wait until then, since a limit was raised. */
  raisedUntilMs: number;
  /** The ramp lets nothing else rise until then. */
  rampUntilMs: number;
}

const staleMs = 60_000;
const hourMs = 3_600_000;
/** No meter lags so long behind. */
const forgetMovesMs = 120_000;
const refusedKinds = new Set(["fridge", "freezer", "medical", "alarm", "network"]);

/** Nothing was said. */
export function modelWorld(): ModelWorld {
  return {
    nowMs: 0,
    atS: 0,
    maxImportW: 1e9,
    fuseW: null,
    peakW: null,
    rampWPerMin: null,
    longestMs: 0,
    seed: "",
    draw: delayDraw(),
    said: { offsetS: 0, lists: new Map(), overrides: new Map() },
    appliances: new Map(),
    owns: new Map(),
    reading: null,
    isStale: true,
    isLost: false,
    jumpedMs: -Infinity,
    limitW: undefined,
    drawnMs: 0,
    raisedUntilMs: -Infinity,
    rampUntilMs: -Infinity,
  };
}

/** One more event, and the grid operator's limit that holds after it. */
export function takeEvent(world: ModelWorld, event: TraceEvent, limitW: number | null): void {
  world.atS = event.at;
  world.nowMs = event.at * 1000;
  const { nowMs } = world;
  hear(world.said, event);
  if (event.kind === "clock" && Math.abs(event.jumpS ?? 0) > 120) world.jumpedMs = nowMs;
  if (event.kind === "reading") world.reading = { atMs: nowMs, powerW: event.powerW, phaseW: event.phaseW };
  if (event.kind === "config") configure(world, event);
  if (event.kind === "restart") restart(world);
  world.isLost = nowMs - world.jumpedMs < 300_000;
  world.isStale = !world.reading || nowMs - world.reading.atMs > staleMs;
  world.drawnMs = world.draw(world.seed, nowMs + world.said.offsetS * 1000, world.longestMs);
  const before = world.limitW;
  if (before !== undefined && before !== null && (limitW === null || limitW > before))
    world.raisedUntilMs = nowMs + world.drawnMs;
  world.limitW = limitW;
}

function configure(world: ModelWorld, event: Extract<TraceEvent, { kind: "config" }>): void {
  if (event.appliances)
    world.appliances = new Map(event.appliances.filter(({ kind }) => !refusedKinds.has(kind)).map((one) => [one.resource, one]));
  world.maxImportW = event.maxImportW ?? world.maxImportW;
  world.fuseW = event.fusePhaseW ?? world.fuseW;
  if (event.peakRoomW !== undefined) world.peakW = event.peakRoomW;
  if (event.rampWPerMin !== undefined) world.rampWPerMin = event.rampWPerMin;
  if (event.randomDelayS !== undefined) world.longestMs = event.randomDelayS * 1000;
  world.seed = event.seed ?? world.seed;
}

/** Every relay in its declared state; what the meter and the grid operator said is forgotten, rests and counts are not. */
function restart(world: ModelWorld): void {
  world.reading = null;
  world.jumpedMs = -Infinity;
  world.limitW = undefined;
  [world.raisedUntilMs, world.rampUntilMs] = [-Infinity, -Infinity];
  for (const own of world.owns.values()) own.dueMs = null;
  for (const [resource, appliance] of world.appliances) {
    const own = world.owns.get(resource);
    if (own) moveTo(own, safeOf(appliance), world.nowMs, { byRestart: true });
  }
}

/** What is known of an appliance; the first time it stands in its declared state. */
export function ownOf(world: ModelWorld, appliance: TracedAppliance): Own {
  const own = world.owns.get(appliance.resource) ?? {
    stand: safeOf(appliance),
    sinceMs: -Infinity,
    earlyMs: 0,
    changes: [],
    moves: [],
    dueMs: null,
  };
  world.owns.set(appliance.resource, own);
  return own;
}

/** It is set otherwise now. */
export function moveTo(own: Own, to: Stand, nowMs: number, how: { byRestart: boolean; earlyMs?: number }): void {
  const { mode, powerW } = own.stand;
  if (mode !== to.mode) own.changes.push({ atMs: nowMs, byRestart: how.byRestart });
  if (powerW !== to.powerW) own.moves.push({ atMs: nowMs, deltaW: to.powerW - powerW });
  if (powerW > 0 !== to.powerW > 0) [own.sinceMs, own.earlyMs] = [nowMs, how.earlyMs ?? 0];
  own.stand = to;
  own.moves = own.moves.filter(({ atMs }) => nowMs - atMs < forgetMovesMs);
}

/** Changes of mode in the last hour. */
export function changesOf(own: Own, nowMs: number): Own["changes"] {
  own.changes = own.changes.filter(({ atMs }) => nowMs - atMs < hourMs);
  return own.changes;
}
