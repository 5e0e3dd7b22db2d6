import type { Clock } from "../core/clock/clock.ts";
import type { InstructionList } from "../core/message/instruction.ts";
import type { Actuator } from "./actuate/actuator.ts";
import type { Setting } from "../core/setting.ts";
import { guard } from "./guard/guard.ts";
import { draws, standing, type ApplianceState, type GuardedAppliance, type GuardState } from "./guard/guarded-appliance.ts";
import { clockJumpMs, type GuardInput } from "./guard/guard-input.ts";
import { ofLastHour } from "./guard/rest.ts";
import { intents, type Authority, type Intent } from "./plan/intent.ts";
import type { Override } from "./plan/override.ts";

/** How one appliance stands, for people and for up/status. */
export interface ApplianceNow {
  resource: string;
  on: boolean;
  setting: Setting;
  reason: string;
  /** Whose word the plan follows. */
  authority: Authority;
  /** Why it does not do what it is told; absent where it does. */
  alarm?: string;
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

/** What the loop knows of the house at a pass; the rest of the guard's input is its own. */
export type HouseNow = Omit<GuardInput, "nowMs" | "sinceJumpMs" | "spent" | "intents">;

/** Parts that the loop works with. */
export interface ControlLoopOptions {
  appliances: readonly GuardedAppliance[];
  /** As the journal has it, on the monotonic clock. */
  state: GuardState;
  instructions: () => ReadonlyMap<string, InstructionList>;
  /** The house's own plan; empty while the aggregator is there. */
  local: () => ReadonlyMap<string, InstructionList>;
  /** What the residents said. */
  overrides: () => readonly Override[];
  /** What comfort and deadlines want now, by resource. */
  needs: () => ReadonlyMap<string, Intent>;
  house: () => HouseNow;
  /** Storage that may give nothing more, with why. */
  spent: () => ReadonlyMap<string, string>;
  actuator: Actuator;
  clock: Clock;
  /** Somebody else has set an appliance, at the device itself. */
  onElsewhere: (resource: string, setting: Setting) => void;
  /** After each pass, with how every appliance stands then. */
  onPass: (now: readonly ApplianceNow[]) => void;
  onError: (error: unknown) => void;
  signal: AbortSignal;
}

const passMs = 10_000;
/** What should not have changed is read once a minute, first with the first pass: somebody else may have switched it. */
const passesAReadBack = 6;

/** plan -> guard -> actuate, on every trigger and at least every 10 s. One pass at a time. */
export function startControlLoop(options: ControlLoopOptions): ControlLoop {
  const { clock, appliances } = options;
  let state: GuardState = options.state;
  let clocksApartMs = clock.now() - clock.monotonicMs();
  let jumpedMs = -Infinity;
  let running: Promise<void> | null = null;
  let again = false;
  let reasons = new Map<string, string>();
  let wishes: readonly Intent[] = [];

  /** Network time that arrives late and a person at the clock look alike: what is planned for which hour is open for a while. */
  const sinceJump = (): number => {
    const atMs = clock.monotonicMs();
    const apartMs = clock.now() - atMs;
    if (Math.abs(apartMs - clocksApartMs) > clockJumpMs) jumpedMs = atMs;
    clocksApartMs = apartMs;
    return atMs - jumpedMs;
  };
  /** Beside the passes: a slow line, or a board that says nothing, must not hold up a reduction. */
  const readBack = async (): Promise<void> => {
    let found = false;
    await options.actuator.readBack((resource, setting) => {
      // Somebody else's switching counts like an own one: it has its rest, and the guard decides what becomes of it.
      const now = elsewhere(state.appliances.get(resource), setting, clock.monotonicMs());
      state = { ...state, appliances: new Map([...state.appliances, [resource, now]]) };
      options.onElsewhere(resource, setting);
      found = true;
    });
    if (found) await run();
  };
  const pass = async (): Promise<void> => {
    const plan = {
      nowMs: clock.now(),
      instructions: options.instructions(),
      local: options.local(),
      overrides: options.overrides(),
      needs: options.needs(),
    };
    wishes = intents(appliances, plan);
    const decided = guard(appliances, state, {
      ...options.house(),
      nowMs: clock.monotonicMs(),
      sinceJumpMs: sinceJump(),
      spent: options.spent(),
      intents: wishes,
    });
    state = decided.state;
    reasons = new Map(decided.commands.map(({ resource, reason }) => [resource, reason]));
    await options.actuator.apply(decided.commands);
    options.onPass(now());
  };
  const now = (): ApplianceNow[] =>
    appliances.map(({ resource, safe }) => {
      const setting = options.actuator.isSet(resource) ?? state.appliances.get(resource)?.setting ?? safe;
      const alarm = options.actuator.alarm(resource);
      return {
        resource,
        on: draws(setting),
        setting,
        reason: reasons.get(resource) ?? "starting",
        authority: wishes.find((wish) => wish.resource === resource)?.authority ?? "safe-state",
        ...(alarm !== undefined && { alarm }),
      };
    });
  const run = (): Promise<void> => {
    // After the stop the relays stay as they are left.
    if (options.signal.aborted) return Promise.resolve();
    if (running) {
      again = true;
      return running;
    }
    running = (async () => {
      do {
        again = false;
        await pass();
      } while (again && !options.signal.aborted);
    })().finally(() => (running = null));
    return running;
  };
  clock.every(passMs, run, options.signal);
  let ticks = 0;
  clock.every(passMs, () => (ticks++ % passesAReadBack === 0 ? readBack() : undefined), options.signal);
  return {
    trigger: () => void clock.hold(run().catch(options.onError)),
    now,
    idle: async () => {
      while (running) await running.catch(() => undefined);
    },
  };
}

function elsewhere(before: ApplianceState | undefined, setting: Setting, nowMs: number): ApplianceState {
  if (!before) return { ...standing(setting), sinceMs: nowMs };
  const turned = draws(setting) !== draws(before.setting);
  return {
    ...before,
    setting,
    dueMs: null,
    switchedMs: [...ofLastHour(before.switchedMs, nowMs), ...(setting.mode === before.setting.mode ? [] : [nowMs])],
    ...(turned && { sinceMs: nowMs, earlyMs: 0 }),
  };
}
