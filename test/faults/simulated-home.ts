import { startClockServer, type ClockServer } from "../../simulator/clock/clock-server.ts";
import { runHouse } from "../../simulator/run-house.ts";
import { silentLog } from "../fake/silent-log.ts";
import { startAgentProcess, type AgentProcess } from "./agent-process.ts";
import { aggregatorProcess } from "./aggregator-process.ts";
import { embeddedBroker } from "./embedded-broker.ts";
import { join } from "node:path";

const site = "home-1";
const agentName = site;

/** A house, its agent and an aggregator in simulated time. */
export interface SimulatedHome {
  clock: ClockServer;
  agent: AgentProcess;
  stop(): Promise<void>;
}

/**
 * Starts all; time stands still until the clock is told to go on.
 * @param options.everyS between two telegrams of the meter
 * @param options.shareS between two readings that leave the house
 * @param options.stateFolder of the agent
 */
export async function simulatedHome(options: {
  folder: string;
  stateFolder: string;
  seed: number;
  everyS: number;
  shareS: number;
}): Promise<SimulatedHome> {
  const { folder, stateFolder, seed, everyS, shareS } = options;
  await using opened = new AsyncDisposableStack();
  const clock = await startClockServer({
    startMs: Date.parse("2026-03-02T00:00:00Z"),
    stepMs: Math.min(10, everyS) * 1000,
    expect: ["house", agentName],
  });
  opened.defer(() => clock.close());
  const ending = new AbortController();
  const ready = Promise.withResolvers<number>();
  const house = runHouse({
    name: "house",
    seed,
    clockUrl: clock.url,
    telegramEveryS: everyS,
    log: silentLog(),
    signal: ending.signal,
    say(line) {
      const said = JSON.parse(line) as { kind: string; p1Port: number };
      if (said.kind === "ready") ready.resolve(said.p1Port);
    },
  });
  opened.defer(async () => {
    ending.abort();
    await house;
  });
  const broker = await embeddedBroker();
  opened.defer(() => broker.stop());
  const aggregator = await aggregatorProcess({ folder: join(folder, "aggregator"), broker, sites: [site], clockUrl: clock.url });
  await aggregator.start();
  opened.defer(() => aggregator.stop());
  const agent = await startAgentProcess({
    folder: join(folder, "agent"),
    stateFolder,
    site,
    p1Port: await ready.promise,
    brokerUrl: broker.url,
    publicJwk: aggregator.publicJwk,
    shareS,
    clockUrl: clock.url,
  });
  opened.defer(() => agent.stop());
  const all = opened.move();
  return { clock, agent, stop: () => all.disposeAsync() };
}
