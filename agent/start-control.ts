import { randomBytes } from "node:crypto";
import { errorCode, errorMessage } from "../core/app-error.ts";
import { iso, type Clock } from "../core/clock/clock.ts";
import type { Log } from "../core/log.ts";
import type { InstructionList } from "../core/message/instruction.ts";
import type { Rejections } from "../core/rejections.ts";
import type { TradedSlot } from "../core/message/traded.ts";
import { startActuator, type Actuator } from "./actuate/actuator.ts";
import { watchComfort, type ComfortWatch } from "./comfort.ts";
import type { Sharing } from "./consents.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import { startControlLoop, type ApplianceNow, type ControlLoop } from "./control-loop.ts";
import { devicesOf, sensorsOf } from "./devices.ts";
import { draws, sameSetting } from "./guard/guarded-appliance.ts";
import { houseHistory } from "./house-history.ts";
import { observeStores } from "./observe-stores.ts";
import { ownPlan, type OwnPlan } from "./own-plan.ts";
import { withTests, type RunningTests } from "./relay-test.ts";
import type { GivenWh } from "./given-energy.ts";
import { watchHouse, type HouseWatch } from "./house-now.ts";
import type { BusSet } from "./open-buses.ts";
import type { ControlStore, Switching } from "./store/control-store.ts";
import type { MeterStore } from "./store/meter-store.ts";
import { observedStore } from "./store/observed-store.ts";
import type { Db } from "./store/open-database.ts";
import type { Outbox } from "./store/outbox.ts";
import type { OverrideStore } from "./store/override-store.ts";
import { guardStateFromJournal } from "./guard-memory.ts";
import { sunshineAt } from "./weather/sunshine-at.ts";
import type { WeatherKeeper } from "./weather/weather-keeper.ts";
import { keptSecret } from "./store/secret-store.ts";

/** The part of the agent that switches. */
export interface Control {
  loop: ControlLoop;
  actuator: Actuator;
  comfort: ComfortWatch;
  house: HouseWatch;
  own: OwnPlan;
  /** Lets go of devices that hold something themselves. */
  close(): Promise<void>;
}

/** Parts that control works with. */
export interface ControlOptions {
  config: AgentConfig;
  db: Db;
  buses: BusSet;
  control: ControlStore;
  meters: Pick<MeterStore, "slots">;
  /** Prices that the own plan goes by. */
  prices: Pick<ControlStore, "prices">;
  /** Forecast that it reckons with; null without one. */
  weather: WeatherKeeper | null;
  overrides: OverrideStore;
  tests: RunningTests;
  givenWh: GivenWh;
  outbox: Outbox;
  clock: Clock;
  log: Log;
  rejections: Rejections;
  instructions: () => ReadonlyMap<string, InstructionList>;
  gridLimitW: () => number | null;
  /** Traded at an exchange in slots that are not over; null without one. */
  traded: ((nowMs: number) => readonly TradedSlot[]) | null;
  /** Whether the aggregator is not heard, or there is none. */
  alone: () => boolean;
  onPass: (now: readonly ApplianceNow[]) => void;
  sharing: () => Sharing;
  /** Runs writes as one transaction. */
  atomically: (writes: () => void) => void;
  /** What must be undone when the start fails. */
  opened: (() => unknown)[];
  signal: AbortSignal;
}

const hourMs = 3_600_000;

/** Puts every appliance into its safe state, then begins to decide. @throws AppError of buses and drivers */
export async function startControl(options: ControlOptions): Promise<Control> {
  const { config, clock, log, control, outbox, signal, overrides } = options;
  const appliances = config.appliances.map((appliance) => ({ ...appliance, resource: appliance.name }));
  const devices = await devicesOf(config, options.buses, { clock, log });
  const close = async (): Promise<void> => {
    for (const { device } of devices) await device.close?.();
  };
  options.opened.push(close);
  const actuator = startActuator({
    appliances: devices,
    clock,
    log,
    journal: ({ resource, setting, reason }) =>
      options.atomically(() => {
        const on = draws(setting);
        control.journal({ resource, atMs: clock.now(), on, setting, reason });
        if (options.sharing().applianceDetail) outbox.add({ kind: "switch", resource, at: iso(clock.now()), on, reason });
      }),
    signal,
  });
  options.opened.push(() => actuator.safeState("failed start, safe state"));
  await actuator.safeState("start, safe state");
  foundAtStart(control, actuator, clock);
  const comfort = watchComfort({
    appliances: config.appliances,
    sensors: await sensorsOf(config, options.buses, { clock, log }),
    stateOfCharge: async (resource) => {
      const device = devices.find((one) => one.resource === resource)?.device;
      return (await device?.stateOfCharge?.()) ?? null;
    },
    zone: config.site.timezone,
    givenWh: options.givenWh,
    clock,
    rejections: options.rejections,
    signal,
  });
  const house = watchHouse({
    site: config.site,
    gridLimitW: options.gridLimitW,
    seed: keptSecret(options.db, "increase-delay", () => randomBytes(32)),
    plannedPeakW: () => own.peakW(),
    clock,
  });
  const observed = observedStore(options.db);
  const { weather } = options;
  const sunshineWm2 = weather && ((atMs: number) => sunshineAt(weather.forecast(), atMs));
  observeStores({ config, temperature: comfort.temperature, sunshineWm2, store: observed, clock, log, signal });
  const history = houseHistory({ config, meters: options.meters, control, observed, givenWh: options.givenWh });
  const own = ownPlan({
    config,
    control: options.prices,
    history,
    comfort,
    weather,
    overrides: overrides.all,
    standing(resource) {
      const last = control.lastBefore(resource, clock.now() + 1);
      return last && { on: last.on, sinceMs: last.atMs };
    },
    paidPeakW: house.paidPeakW,
    traded: options.traded,
    clock,
    log,
    alone: options.alone,
    onPlan: () => loop.trigger(),
    signal,
  });
  const loop: ControlLoop = startControlLoop({
    appliances,
    state: guardStateFromJournal(appliances, mergedJournal(control, clock.now()), clock),
    instructions: options.instructions,
    local: own.lists,
    overrides: overrides.all,
    needs: () => withTests(comfort.needs(), options.tests),
    house: house.now,
    spent: comfort.spent,
    actuator,
    clock,
    onElsewhere(resource, setting) {
      const holdMs = config.appliances.find(({ name }) => name === resource)?.handHoldMs ?? 0;
      if (holdMs > 0) overrides.set({ resource, mode: "hold", setting, fromMs: clock.now(), untilMs: clock.now() + holdMs });
    },
    onPass: options.onPass,
    onError: (error) => log.error({ code: errorCode(error), error: errorMessage(error) }, "control pass failed"),
    signal,
  });
  return { loop, actuator, comfort, house, own, close };
}

/** What a crash or a power cut has switched is not in the journal: as of now it counts as switched. */
function foundAtStart(control: ControlStore, actuator: Actuator, clock: Clock): void {
  for (const { resource, on: was, setting: before } of control.lastSwitchings()) {
    const setting = actuator.isSet(resource);
    if (setting !== undefined && (before ? !sameSetting(setting, before) : draws(setting) !== was))
      control.journal({ resource, atMs: clock.now(), on: draws(setting), setting, reason: "found so at start" });
  }
}

/** The last hour of switchings, after the newest of each appliance that is older. */
function mergedJournal(control: ControlStore, nowMs: number): Switching[] {
  const older = control.lastSwitchings().filter((last) => last.atMs < nowMs - hourMs);
  return [...older, ...control.switchings(nowMs - hourMs)];
}
