import type { PriceSeries } from "../../core/message/price-series.ts";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { AgentStatus } from "../../agent/status.ts";
import { aborted } from "../../core/aborted.ts";
import { errorMessage } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import type { Agreement } from "../../settlement/record/agreement.ts";
import { Bundle } from "../../settlement/verify/bundle.ts";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import { devChainId } from "../../simulator/chain/run-chain.ts";
import { startClockServer } from "../../simulator/clock/clock-server.ts";
import { HouseLine } from "../../simulator/house-line.ts";
import { houseZone } from "../../simulator/house/local-day.ts";
import { freePorts } from "../free-port.ts";
import { askStatus } from "../status.ts";
import { aggregatorApi } from "./aggregator-api.ts";
import { checkSettlements } from "./check-settlements.ts";
import { type DemoFiles, layOut, writeBrokerUsers, writeConfigs, type DemoSettling, type HomeFiles } from "./demo-files.ts";
import { congestionDayMs, demoCongestion, gridOperatorKeys } from "./demo-congestion.ts";
import { demoExchange, exchangeKeys, houseSeed, streetPanelsW } from "./demo-exchange.ts";
import { setUpParties } from "./demo-parties.ts";
import type { DemoPart, PartResult } from "./demo-part.ts";
import { demoPrices } from "./demo-prices.ts";
import { judge, type DemoResult } from "./demo-result.ts";
import { liveTable } from "./live-table.ts";
import type { Screen } from "./screen.ts";
import { supervisor } from "./supervisor.ts";

/** Noon of a winter Monday in Amsterdam. */
const serviceStartMs = Date.parse("2026-01-19T11:00:00Z");
/** Parties must be registered before the first service period begins. */
const warmUpMs = 15 * 60_000;
const dayMs = 24 * 3_600_000;
/** After the day its last slots are metered, and told. */
const meteredMs = 10 * 60_000;
/** After the day: its last records, then the next hourly epoch, which counts from the start of the aggregator. */
const settleMs = 50 * 60_000;

/** A day in the life of the whole system. */
export interface World {
  files: DemoFiles;
  apiUrl: string;
  rpcUrl: string;
  /** Starts every program and registers every party; simulated time stands still. */
  start(): Promise<void>;
  /** Lets one service day and its settlement pass. */
  runDay(): Promise<void>;
  /** Rejects when a program dies again and again. */
  hopeless: Promise<never>;
  /** Counts what happened and verifies every settlement. */
  check(): Promise<DemoResult>;
  /** Lets time go on until the signal aborts. */
  goOn(signal: AbortSignal): Promise<void>;
  /** Process ids by the name of the program. */
  pids(): Map<string, number>;
  /** The simulated instant, ms. */
  nowMs(): number;
  /** The last lines of every program's log, for when something went wrong. */
  logTails(): string[];
  stop(): Promise<void>;
}

/** The demo's world: a clock, a broker, a chain, an aggregator, and a house with its agent for each home. */
export async function openWorld(options: {
  folder: string;
  homes: number;
  seed: number;
  cli: string;
  show: Screen;
  /** Together where it is left out. */
  settling?: DemoSettling;
  /** How taking part is rewarded; by the day where it is left out. */
  reward?: Agreement["reward"];
  /** Whether the homes trade with each other at an exchange, one of them with the panels of all. */
  withExchange?: boolean;
  /** Whether a grid operator keeps their feeder under a limit that their own plans would break. */
  withCongestion?: boolean;
  /** What a kWh is worth to the aggregator, of the announced prices; where it is left out, nothing that homes shift is rewarded. */
  worth?: (prices: PriceSeries) => PriceSeries;
}): Promise<World> {
  const { show, seed, settling = "together", withExchange = false, withCongestion = false } = options;
  const startedMs = performance.now();
  const nextPort = freePorts();
  const files = await layOut(options.folder, options.homes, nextPort);
  const clock = await startClockServer({
    startMs: serviceStartMs - warmUpMs,
    stepMs: 10_000,
    socketFile: join(options.folder, "clock.sock"),
  });
  const houses = new Map<string, HouseLine>();
  const exchangePort = await nextPort();
  const marketPorts = { operator: await nextPort(), aggregator: await nextPort() };
  /** What there is beside homes and aggregator; a further one is pushed where the exchange is. */
  const parts: DemoPart[] = [];
  let stopping = false;
  const programs = supervisor({
    cli: options.cli,
    logFolder: files.logFolder,
    cacheFolder: join(files.folder, "compile-cache"),
    onDeath: (name, by) => show.note(`! ${name} died (${by}), restarting it`),
    onRestart: (name) => show.note(`! ${name} is back`),
  });
  // Simulated time waits for a program that is being restarted.
  clock.onGone((name) => {
    if (!stopping) clock.expect([name]);
  });
  const apiUrl = `http://127.0.0.1:${files.aggregator.apiPort}`;
  const rpcUrl = `http://127.0.0.1:${files.chainPort}`;
  const api = aggregatorApi(apiUrl);
  const drawing = new AbortController();

  const startHouse = async (home: HomeFiles, index: number): Promise<void> => {
    await programs.start({
      name: home.house,
      args: [
        "simulate",
        "house",
        ...Object.entries({
          "--name": home.house,
          "--clock": clock.url,
          "--seed": String(houseSeed(seed, index)),
          ...(withExchange && { "--panels": String(streetPanelsW(index)) }),
          "--p1-port": String(home.p1Port),
          "--modbus-port": String(home.modbusPort),
          "--every": "30",
          "--state": join(home.folder, "house.json"),
        }).flat(),
      ],
      onLine(line) {
        const { data } = HouseLine.safeParse(line);
        if (data) houses.set(home.site, data);
      },
    });
  };
  const startAgent = async (home: HomeFiles): Promise<void> => {
    await programs.start({
      name: home.site,
      args: ["agent", "run", "-c", home.configFile],
      afterwards: ["relay", "failsafe", "-c", home.configFile],
    });
  };
  /** Rows that homes made, rows that they have receipts for, rows that the aggregator holds. */
  const delivery = async (): Promise<{ made: number; receipted: number; held: number }> => {
    const all = await Promise.all(files.homes.map(({ socketFile }) => askStatus(socketFile)));
    const sum = (of: (status: AgentStatus) => number): number => all.reduce((total, status) => total + of(status), 0);
    const held = (await api.sites()).reduce((total, { rows }) => total + rows, 0);
    return { made: sum(({ rows }) => rows), receipted: sum(({ delivered }) => delivered), held };
  };

  return {
    files,
    apiUrl,
    rpcUrl,
    hopeless: programs.hopeless,
    async start() {
      show.note("DEMO: simulated homes on this machine only. No real devices, no money.");
      writeBrokerUsers(files);
      await Promise.all([
        programs.start({
          name: "broker",
          args: ["simulate", "broker", "--port", String(files.brokerPort), "--users", files.usersFile],
        }),
        programs.start({
          name: "chain",
          args: ["simulate", "chain", "--clock", clock.url, "--state", files.chainFile, "--port", String(files.chainPort)],
        }),
        ...files.homes.map(startHouse),
      ]);
      show.note(`broker, chain and houses run; registering ${files.homes.length} homes and the aggregator on the chain`);
      const parties = await setUpParties({
        rpcUrl,
        startMs: serviceStartMs,
        timezone: houseZone,
        aggregator: files.aggregator,
        homes: files.homes,
        ...(withExchange && { exchange: exchangeKeys(files) }),
        ...(withCongestion && { gridOperator: gridOperatorKeys(files) }),
        homesSend: settling === "each by the gateway",
        ...(options.reward && { reward: options.reward }),
      });
      const prices = demoPrices(serviceStartMs - 3_600_000, seed);
      const worth = options.worth?.(prices) ?? null;
      const world = { files, parties, programs, api, rpcUrl, clock, startMs: serviceStartMs, seed };
      if (withExchange) parts.push(demoExchange(world, exchangePort));
      if (withCongestion) parts.push(await demoCongestion(world, marketPorts));
      await writeConfigs(files, parties, { prices, worth, clockUrl: clock.url, settling, parts });
      await Promise.all(parts.map((part) => part.start()));
      await Promise.all([
        programs.start({ name: "aggregator", args: ["aggregator", "run", "-c", files.aggregator.configFile] }),
        ...files.homes.map(startAgent),
      ]);
      show.note(`settlement contract ${parties.contract} on ${rpcUrl}; statistics at ${apiUrl}/v1/statistics`);
    },
    async runDay() {
      void liveTable({ homes: files.homes, houses, parts, api, apiUrl, now: clock.now, show, signal: drawing.signal });
      const overMs = withCongestion ? congestionDayMs(serviceStartMs).endMs : serviceStartMs + dayMs;
      await clock.advanceUntil(overMs + meteredMs);
      for (const part of parts) await part.dayIsOver?.();
      await clock.advanceUntil(overMs + settleMs);
      // What was made in the last moments still travels.
      for (let minute = 1; minute <= 30; minute++) {
        const { made, receipted } = await delivery();
        if (made === receipted) return;
        await clock.advanceUntil(clock.now() + 60_000);
      }
    },
    async check() {
      drawing.abort();
      show.note("verifying every settlement against the chain");
      const { made, receipted, held } = await delivery();
      const statistics = await api.statistics();
      const { contract } = Bundle.parse(await api.bundle(files.homes[0]?.site ?? "", 1));
      const chain = chainClient({ rpcUrl, chainId: devChainId, contract });
      const settlements = await checkSettlements(
        (await api.settlements()).filter(({ epoch }) => epoch !== null),
        api.bundle,
        chain,
      ).finally(() => chain.close());
      const results: PartResult[] = [];
      for (const part of parts) results.push(await part.check());
      const unmet = files.homes.flatMap(({ site }) => unmetOf(site, houses.get(site)));
      return judge(
        {
          homes: files.homes.length,
          readings: made,
          readingsDelivered: Math.min(receipted, held),
          commands: statistics.switches,
          settlementsOnChain: settlements.onChain,
          settlementsVerified: settlements.verified,
          tamperedRejected: settlements.tamperedRejected,
          constraintsMet: unmet.length === 0,
          seconds: Math.round((performance.now() - startedMs) / 1000),
        },
        // Import for each hour of the day, and the day's reward.
        { settlements, disputed: statistics.recordsDisputed, expectedRecords: files.homes.length * 25, unmet, parts: results },
      );
    },
    async goOn(signal) {
      show.note(`time goes on; ${apiUrl}/v1/statistics, Ctrl-C ends`);
      clock.resume();
      await aborted(signal);
    },
    pids: programs.pids,
    nowMs: () => clock.now(),
    logTails: () =>
      readdirSync(files.logFolder).flatMap((name) => {
        const tail = readFileSync(join(files.logFolder, name), "utf8").trim().split("\n").slice(-3);
        return tail.filter((line) => line !== "").map((line) => `${name}: ${line.slice(0, 400)}`);
      }),
    async stop() {
      stopping = true;
      drawing.abort();
      await programs.stop();
      await clock.close().catch((error: unknown) => show.note(errorMessage(error)));
    },
  };
}

/** Which wishes of a home did not come true; a wish that never came up counts as unmet. */
function unmetOf(site: string, house: HouseLine | undefined): string[] {
  const wishes = ["ev-full", "tank-hot", "room-warm"] as const;
  return wishes.flatMap((name) => {
    const seen = (house?.constraints ?? []).filter((constraint) => constraint.name === name);
    if (seen.length === 0) return [`${site} ${name} never came up`];
    return seen.filter(({ met }) => !met).map(({ value, limit, atMs }) => `${site} ${name} ${value} < ${limit} at ${iso(atMs)}`);
  });
}
