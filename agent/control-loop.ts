import type { Clock } from "../core/clock/clock.ts";
import type { InstructionList } from "../core/message/instruction.ts";
import type { Actuator } from "./actuate/actuator.ts";
import { guard, type ApplianceState, type GuardedAppliance, type GuardState } from "./guard/guard.ts";
import { intents, type Intent } from "./plan/intent.ts";
import type { Override } from "./plan/override.ts";

/** How one appliance stands, for people and for up/status. */
export interface ApplianceNow {
  resource: string;
  on: boolean;
  reason: string;
}

/** Decides and switches, again and again. */
export interface ControlLoop {
  /** Decides again soon; calls while a decision is being carried out make one more. */
  trigger(): void;
  /** How every appliance stands. */
  now(): ApplianceNow[];
  /** Resolves when nothing is being carried out. */
  idle(): Promise<void>;
}

/** Parts that the loop works with. */
export interface ControlLoopOptions {
  appliances: readonly GuardedAppliance[];
  /** As the journal has it, on the monotonic clock. */
  state: GuardState;
  instructions: () => ReadonlyMap<string, InstructionList>;
  /** What the residents said. */
  overrides: () => readonly Override[];
  /** The grid meter's newest believed power and its age; undefined before the first. */
  grid: () => { powerW: number | null; ageMs: number } | undefined;
  /** What the house may take from the grid, W. */
  maxImportW: number;
  actuator: Actuator;
  clock: Clock;
  /** After each pass, with how every appliance stands then. */
  onPass: (now: readonly ApplianceNow[]) => void;
  onError: (error: unknown) => void;
  signal: AbortSignal;
}

const passMs = 10_000;
/** Once a minute a pass also reads what should not have changed: somebody else may have switched it. */
const passesAReadBack = 6;

/** plan -> guard -> actuate, on every trigger and at least every 10 s. One pass at a time. */
export function startControlLoop(options: ControlLoopOptions): ControlLoop {
  const { clock, appliances } = options;
  let state: GuardState = options.state;
  let wishes: readonly Intent[] = [];
  let running: Promise<void> | null = null;
  let again = false;
  let reasons = new Map<string, string>();

  const pass = async (verify: boolean): Promise<void> => {
    // Somebody else's switching counts like an own one: it has its rest, and the guard decides what becomes of it.
    if (verify)
      for (const { resource, on } of await options.actuator.readBack())
        state = new Map(state).set(resource, {
          on,
          sinceMs: clock.monotonicMs(),
          switchedMs: state.get(resource)?.switchedMs ?? [],
        });
    const grid = options.grid();
    wishes = intents(appliances, options.instructions(), clock.now(), options.overrides());
    const decided = guard(appliances, state, {
      nowMs: clock.monotonicMs(),
      meterAgeMs: grid?.ageMs ?? Infinity,
      importW: grid?.powerW ?? null,
      maxImportW: options.maxImportW,
      intents: wishes,
    });
    state = decided.state;
    reasons = new Map(decided.commands.map(({ resource, reason }) => [resource, reason]));
    await options.actuator.apply(decided.commands);
    options.onPass(now());
  };
  const now = (): ApplianceNow[] =>
    appliances.map(({ resource, safeOn }) => ({
      resource,
      on: options.actuator.isOn(resource) ?? state.get(resource)?.on ?? safeOn,
      reason: reasons.get(resource) ?? "starting",
    }));
  const run = (verify: boolean): Promise<void> => {
    // After the stop the relays stay as they are left.
    if (options.signal.aborted) return Promise.resolve();
    if (running) {
      again = true;
      return running;
    }
    running = (async () => {
      do {
        again = false;
        await pass(verify);
      } while (again && !options.signal.aborted);
    })().finally(() => (running = null));
    return running;
  };
  let passes = 0;
  clock.every(passMs, () => run(passes++ % passesAReadBack === 0), options.signal);
  return {
    trigger: () => void clock.hold(run(false).catch(options.onError)),
    now,
    idle: async () => {
      while (running) await running.catch(() => undefined);
    },
  };
}

/**
 * The guard's memory from the switchings of the last hour and the newest of each appliance,
 * so that a restart in the middle of a minimum-off time does not shorten it.
 */
export function guardStateFromJournal(
  appliances: readonly GuardedAppliance[],
  switchings: readonly { resource: string; atMs: number; on: boolean }[],
  clock: Clock,
): GuardState {
  const offsetMs = clock.monotonicMs() - clock.now();
  // A journal from the future (the clock went back) counts as just now: rest is never cut short, nor drawn out for ever.
  const monotonic = (atMs: number): number => Math.min(atMs + offsetMs, clock.monotonicMs());
  const state = new Map<string, ApplianceState>();
  for (const { resource, safeOn } of appliances) {
    const own = switchings.filter((switching) => switching.resource === resource);
    const last = own.at(-1);
    state.set(resource, {
      on: last?.on ?? safeOn,
      sinceMs: last ? monotonic(last.atMs) : -Infinity,
      switchedMs: own.map(({ atMs }) => monotonic(atMs)),
    });
  }
  return state;
}
