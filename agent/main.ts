import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { AppError } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import type { InstructionList } from "../core/message/instruction.ts";
import type { Log, LogLevel } from "../core/log.ts";
import { rejections } from "../core/rejections.ts";
import { startStatusServer } from "./api/status-server.ts";
import { startCollector } from "./collect/collector.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import { openConsents } from "./consents.ts";
import { fusePowerW } from "./config/fuse-power.ts";
import { tradedSlots } from "./exchange/traded-slots.ts";
import { givenEnergy } from "./given-energy.ts";
import { metersOf } from "./devices.ts";
import { lockFolder } from "./lock-folder.ts";
import { meterNow } from "./meter-now.ts";
import { overriding } from "./overriding.ts";
import { startHomeRoom } from "./publish/home-room.ts";
import type { GridRoom } from "./publish/grid-room.ts";
import { openBuses } from "./open-buses.ts";
import { openOwnPrices, openWeather } from "./own-prices.ts";
import { openStore } from "./open-store.ts";
import { openAggregatorRoom, openExchangeRoom, openGridRoom } from "./open-rooms.ts";
import type { AggregatorRoom } from "./publish/aggregator-room.ts";
import { openRemoteSettings } from "./remote/remote-config.ts";
import { relayTesting, type RunningTests } from "./relay-test.ts";
import { keepSavings } from "./savings/keep-savings.ts";
import { agentSchedule } from "./schedule-now.ts";
import { startControl } from "./start-control.ts";
import { agentStatus, type AgentStatus } from "./status.ts";
import { consentStore } from "./store/consent-store.ts";
import { controlStore } from "./store/control-store.ts";
import { exchangeStore } from "./store/exchange-store.ts";
import { meterStore } from "./store/meter-store.ts";
import { overrideStore } from "./store/override-store.ts";
import { remoteConfigStore } from "./store/remote-config-store.ts";
import { savingsStore } from "./store/savings-store.ts";
import { keptSecret } from "./store/secret-store.ts";
import { settlementStores } from "./store/settlement-stores.ts";
import { sqliteFailure } from "./store/sqlite-failure.ts";

/** What a running agent gives to whoever started it. */
export interface RunningAgent {
  status(): AgentStatus;
  /** When the last pass of control ended, on the monotonic clock: what a watchdog should ask. */
  lastPassMs(): number;
  /** Resolves with what makes going on pointless; whoever started the agent stops it then. */
  failed: Promise<AppError>;
  /** Relays to their safe state, readings to disk, then a farewell to the broker. */
  stop(): Promise<void>;
}

/** More than so many times what the fuse carries is a counter that jumped, not a load. */
const overloadFactor = 1.5;
/** The aggregator says each minute that it is there; after this silence the house plans for itself. */
const aggregatorLostMs = 180_000;

/**
 * Wires and starts the agent: relays in their safe state first, then meters, control and the link to the aggregator.
 * @throws AppError agent-running, and where the database, a key or a file cannot be used; bad meters, buses and brokers only delay
 */
export async function startAgent(options: AgentOptions): Promise<RunningAgent> {
  const ending = new AbortController();
  const opened: (() => unknown)[] = [];
  try {
    return await wire(options, ending, opened);
  } catch (error) {
    ending.abort();
    // Last opened, first closed; the relays are safe before their bus goes.
    for (const close of opened.toReversed())
      await Promise.resolve()
        .then(close)
        .catch(() => undefined);
    throw sqliteFailure(error, options.config.databaseFile) ?? error;
  }
}

interface AgentOptions {
  config: AgentConfig;
  clock: Clock;
  log: Log;
  /** Of the program, for the aggregator. */
  version?: string;
  /** Changes which lines of the log are written. */
  setLogLevel?: (level: LogLevel) => void;
}

async function wire(options: AgentOptions, ending: AbortController, opened: (() => unknown)[]): Promise<RunningAgent> {
  const { config, clock, log } = options;
  const { signal } = ending;
  const failed = Promise.withResolvers<AppError>();
  mkdirSync(config.stateFolder, { recursive: true, mode: 0o700 });
  const unlock = lockFolder(config.stateFolder);
  opened.push(unlock);
  const { db, outbox, atomically, close: closeStore } = openStore({ config, clock, log, failed: failed.resolve, signal });
  opened.push(closeStore);
  const [meters, control, settlement] = [meterStore(db), controlStore(db), settlementStores(db)];
  const overrides = overrideStore(db);
  const trades = config.exchange ? exchangeStore(db) : null;
  const givenWh = givenEnergy({ meters, control });
  const refused = rejections(log, () => clock.monotonicMs());
  const buses = openBuses(config.buses, clock);
  opened.push(() => buses.close());
  let room: AggregatorRoom | null = null;
  let grid: GridRoom | null = null;

  const gridMeter = config.meters.find(({ role }) => role === "grid")?.name ?? "";
  let lastPassMs = clock.monotonicMs();
  const isHeard = (): boolean => (room?.heartbeatAgeMs() ?? Infinity) <= aggregatorLostMs;
  // What is planned for an hour needs a clock that shows it: one that network time has set, or one by which the aggregator's
  // signed heartbeats are neither too old nor of the future.
  const knowsHour = (): boolean => clock.synced() || isHeard();
  const isFollowed = (): boolean => isHeard() && !room?.hasLeft();
  const inForce = (): ReadonlyMap<string, InstructionList> =>
    (knowsHour() && !room?.hasLeft() && room?.instructions()) || new Map();
  const tests: RunningTests = new Map();
  const consents = await openConsents({
    config,
    store: consentStore(db),
    key: (draw) => keptSecret(db, "consents", draw),
    clock,
    log,
    onChange: () => room?.tellConsents(),
  });
  // Of the collector, which begins later: until then nothing is to be stored.
  let isStoring = (): boolean => true;
  const remote = openRemoteSettings({
    store: remoteConfigStore(db),
    own: { "log.level": config.logLevel, "storage.commit_every_s": config.commitEveryMs / 1000 },
    allowed: config.remoteConfig,
    health: () => ({
      heartbeatAgeMs: room?.heartbeatAgeMs() ?? Infinity,
      isStoring: isStoring(),
      passAgeMs: clock.monotonicMs() - lastPassMs,
    }),
    apply: (values) => options.setLogLevel?.(values["log.level"]),
    onChange: () => room?.tellConfig(),
    version: options.version,
    clock,
    log,
    signal,
  });
  const prices = openOwnPrices({ config, db, announced: control, atomically, clock, log, signal });
  const weather = openWeather({ config, clock, log, signal });
  const { loop, actuator, comfort, house, own, close } = await startControl({
    config,
    db,
    buses,
    control,
    meters,
    prices,
    weather,
    overrides,
    tests,
    givenWh,
    outbox,
    clock,
    log,
    rejections: refused,
    instructions: inForce,
    traded: trades && ((nowMs) => tradedSlots(trades, nowMs)),
    gridLimitW: () => (grid ? grid.limitW() : (config.gridOperator?.rules.failsafeLimitW ?? null)),
    sharing: consents.sharing,
    alone: () => !isFollowed() && clock.synced(),
    onPass: (now) => {
      lastPassMs = clock.monotonicMs();
      room?.report(now);
    },
    atomically,
    opened,
    signal,
  });
  const collecting = startCollector({
    meters: await metersOf(config, buses, { clock, log }),
    roles: new Map(config.meters.map(({ name, role }) => [name, role])),
    store: meters,
    outbox,
    atomically,
    clock,
    log,
    rejections: refused,
    rules: { slotMinutes: config.site.slotMinutes, plausibleW: overloadFactor * fusePowerW(config.site) },
    gridMeter,
    sharing: consents.sharing,
    commitEveryMs: () => remote.values()["storage.commit_every_s"] * 1000,
    onReading(reading) {
      if (reading.meter !== gridMeter) return;
      house.take(reading);
      loop.trigger();
    },
    onSlots: () => room?.pump(),
    signal,
  });
  isStoring = collecting.isStoring;
  opened.push(() => collecting.stop());
  keepSavings({ config, store: savingsStore(db), meters, control, prices, atomically, clock, log, signal });
  const shared = { config, clock, log, refused, control, outbox, loop, signal };
  room = await openAggregatorRoom({
    ...shared,
    overrides: overrides.all,
    consents,
    remote,
    givenWh,
    fill: comfort.fill,
    foretold: own.foretold,
    increaseDelays: house.delays,
    meters,
    settlement,
    positions: trades?.settledPositions ?? null,
    traded: trades && ((nowMs) => tradedSlots(trades, nowMs)),
    atomically,
    gridMeter,
  });
  opened.push(() => room?.stop());
  grid = await openGridRoom(shared);
  opened.push(() => grid?.stop());
  const exchange = openExchangeRoom({ config, db, trades, meters, control, prices, outlook: own.outlook, clock, log, signal });
  opened.push(() => exchange?.stop());
  const status = (): AgentStatus =>
    agentStatus({
      config,
      clock,
      collector: collecting,
      loop,
      comfort,
      outbox,
      room,
      records: settlement.records,
      rejected: refused.counts(),
      switches: actuator.switches(),
      overrides: overrides.all(),
      grid,
      prices: prices.state(),
      exchange: exchange?.state() ?? null,
      weather: weather?.state() ?? null,
      remote: remote.report(),
    });
  const resources = config.appliances.map(({ name }) => name);
  const words = overriding({ store: overrides, resources, loop, clock, log });
  const known = () => ({ instructions: inForce(), local: own.lists(), overrides: overrides.all() });
  const server = await startStatusServer(join(config.stateFolder, "agent.sock"), {
    status,
    ...words,
    consents: consents.all,
    sayConsent: consents.say,
    meter: (name) => meterNow(name, config.meters, collecting),
    schedule: () => agentSchedule({ config, clock, loop, known: known(), delays: house.delays() }),
    planning: () => ({ ...(own.problem() ?? { problem: null, parts: [] }), forecasts: own.forecasts() }),
    testRelay: relayTesting({ config, tests, overrides: overrides.all, loop, actuator, clock, log, signal }),
  });
  if (config.home) {
    const { bus, prefix } = config.home;
    startHomeRoom({ bus: buses.bus(bus, "mqtt"), prefix, resources, api: words, overrides: overrides.all, clock, log, signal });
  }
  log.info({ site: config.site.name, meters: config.meters.length, appliances: config.appliances.length }, "agent started");
  return {
    status,
    lastPassMs: () => lastPassMs,
    failed: failed.promise,
    async stop() {
      ending.abort();
      await loop.idle();
      await actuator.safeState("stop, safe state");
      await collecting.stop();
      await room?.stop();
      await grid?.stop();
      await exchange?.stop();
      await server.close();
      await close();
      await buses.close();
      closeStore();
      unlock();
      log.info({}, "agent stopped");
    },
  };
}
