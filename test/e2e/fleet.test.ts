import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { stringify } from "yaml";
import { startAgent, type RunningAgent } from "../../agent/main.ts";
import { startAggregator } from "../../aggregator/main.ts";
import { readAgentConfig } from "../../cli/read-agent-config.ts";
import { readAggregatorConfig } from "../../cli/read-aggregator-config.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { createControlKey } from "../../core/envelope.ts";
import type { LogLevel } from "../../core/log.ts";
import { startP1Server } from "../../simulator/meter/p1-server.ts";
import { lineTo } from "../fake/line-to.ts";
import { runProgram } from "../fake/run-program.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { testBroker } from "../fake/test-broker.ts";
import { until } from "../fake/until.ts";

const startMs = Date.parse("2026-04-02T10:00:00Z");
const sites = ["gw-1", "gw-2", "gw-3"] as const;
type Site = (typeof sites)[number];

interface Shown {
  id: number;
  state: string;
  reason: string | null;
  gateways: { site: Site; stage: number; state: string; code: string | null }[];
}

/** An aggregator and three gateways over a real broker, each behind a line of its own; only time is fake. */
async function fleet() {
  const [folder, broker, clock] = [scratch("fleet"), await testBroker(), fakeClock(startMs)];
  const made = await createControlKey("control-1");
  writeFileSync(join(folder, "control.json"), JSON.stringify(made.privateJwk));
  const price = { v: 1, currency: "EUR", start: "2026-04-02T00:00:00Z", stepS: 3600, importPerKwh: ["1"], exportPerKwh: ["1"] };
  writeFileSync(join(folder, "prices.json"), JSON.stringify([price]));
  const file = join(folder, "aggregator.yaml");
  writeFileSync(
    file,
    stringify({
      version: 1,
      id: "community",
      broker: { url: broker.url },
      control_key_file: "control.json",
      sites: Object.fromEntries(sites.map((site) => [site, {}])),
      prices_file: "prices.json",
      storage: { path: "aggregator/data.db" },
      http: { listen: "127.0.0.1:0", open: true },
    }),
  );
  const levels = new Map<Site, LogLevel>();
  const lines = new Map<Site, Awaited<ReturnType<typeof lineTo>>>();
  const agents = new Map<Site, RunningAgent>();
  const startGateway = async (site: Site): Promise<RunningAgent> => {
    const agent = await startAgent({
      config: readAgentConfig(join(folder, `${site}.yaml`)),
      clock,
      log: silentLog(),
      version: "1.2.3",
      setLogLevel: (level) => void levels.set(site, level),
    });
    agents.set(site, agent);
    onTestFinished(() => agent.stop().catch(() => undefined));
    return agent;
  };
  const aggregator = await startAggregator({ config: readAggregatorConfig(file), clock, log: silentLog(), version: "1.2.3" });
  onTestFinished(() => aggregator.stop());
  for (const site of sites) {
    const [p1, line] = [await startP1Server(0), await lineTo(broker.port)];
    onTestFinished(() => p1.close());
    lines.set(site, line);
    writeFileSync(
      join(folder, `${site}.yaml`),
      stringify({
        version: 1,
        site: {
          name: site,
          timezone: "Europe/Amsterdam",
          currency: "EUR",
          grid: { phases: 1, fuse_a: 25, max_import_w: 5000 },
        },
        buses: { p1: { type: "tcp", host: "127.0.0.1", port: p1.port } },
        meters: { grid: { role: "grid", driver: "dsmr", bus: "p1" } },
        aggregator: {
          id: "community",
          gateway_id: site,
          broker_url: `mqtt://127.0.0.1:${line.port}`,
          control_keys: [made.publicJwk],
        },
        storage: { path: `${site}/data.db` },
      }),
    );
    const agent = await startGateway(site);
    await until(`${site} is connected`, () => agent.status().connected);
  }
  const smartMla = async (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
    runProgram([...args, "-c", file]);
  const cut = new Set<Site>();
  return {
    clock,
    levels,
    agents,
    startGateway,
    smartMla,
    show: async (): Promise<Shown> => JSON.parse((await smartMla("fleet", "show", "--json")).out) as Shown,
    stands: async (): Promise<Record<string, string>> => {
      const { items } = JSON.parse((await smartMla("fleet", "ls", "--json")).out) as { items: { site: string; state: string }[] };
      return Object.fromEntries(items.map(({ site, state }) => [site, state]));
    },
    cut(site: Site) {
      cut.add(site);
      lines.get(site)?.cut();
    },
    mend(site: Site) {
      cut.delete(site);
      lines.get(site)?.mend();
    },
    /** Lets time pass until something is so. Whoever is connected hears each heartbeat before time goes on. */
    async pass(what: string, isSo: () => Promise<boolean>): Promise<void> {
      await until(
        what,
        async () => {
          await clock.advance(5000);
          for (const site of sites)
            if (!cut.has(site))
              await until(`${site} hears the aggregator`, () => (agents.get(site)?.status().heartbeatAgeS ?? Infinity) <= 65);
          return isSo();
        },
        60_000,
      );
    },
  };
}

it("brings settings to a canary, then to all; and to nobody else where the canary goes back", { timeout: 120_000 }, async () => {
  const rig = await fleet();
  await until("all gateways have said what they run by", async () =>
    Object.values(await rig.stands()).every((one) => one === "own"),
  );
  const begun = await rig.smartMla(
    "fleet",
    "rollout",
    "start",
    "log.level=debug",
    "--stages",
    "34,100",
    "--trial",
    "3m",
    "--silent",
    "5m",
    "--json",
  );
  expect([begun.code, begun.err]).toEqual([0, ""]);
  expect(JSON.parse(begun.out)).toMatchObject({ id: 1, stages: [1, 2] });
  expect((await rig.smartMla("fleet", "rollout", "start", "log.level=info")).err).toContain("fleet-busy");

  // The canary alone, as long as its trial lasts.
  await rig.pass("the canary tries", async () => Object.values(await rig.stands()).includes("trying"));
  const canary = (await rig.show()).gateways.find(({ stage }) => stage === 0)?.site ?? expect.fail();
  expect(await rig.stands()).toEqual({ ...Object.fromEntries(sites.map((site) => [site, "own"])), [canary]: "trying" });
  expect([...rig.levels].filter(([, level]) => level === "debug")).toEqual([[canary, "debug"]]);
  await rig.pass("the first roll-out is done", async () => (await rig.show()).state === "done");
  expect((await rig.show()).gateways.map(({ state }) => state)).toEqual(["kept", "kept", "kept"]);
  expect([...rig.levels.values()]).toEqual(["debug", "debug", "debug"]);

  // Another canary, which loses its aggregator while it tries.
  await rig.smartMla(
    "fleet",
    "rollout",
    "start",
    "log.level=warn",
    "storage.commit_every_s=20",
    "--stages",
    "34,100",
    "--trial",
    "5m",
    "--silent",
    "10m",
  );
  await rig.pass("the canary tries", async () => Object.values(await rig.stands()).includes("trying"));
  const second = (await rig.show()).gateways.find(({ stage }) => stage === 0)?.site ?? expect.fail();
  expect(rig.levels.get(second)).toBe("warn");
  rig.cut(second);
  await rig.pass("it goes back by itself", async () => rig.levels.get(second) === "debug");
  expect((await rig.show()).state).toBe("running");
  rig.mend(second);
  await rig.pass("the roll-out is stopped", async () => (await rig.show()).state === "aborted");
  const stopped = await rig.show();
  expect(stopped.reason).toBe("stage 1: of 1 gateways 1 reverted; at most 0 % may");
  expect(stopped.gateways.map(({ stage, state, code }) => [stage, state, code])).toEqual([
    [0, "reverted", "config-aggregator-lost"],
    [1, "waiting", null],
    [1, "waiting", null],
  ]);
  expect((await rig.smartMla("fleet", "show")).code).toBe(1);
  // Nothing of it is anywhere, however long one waits, and after a restart of the canary neither.
  await rig.pass("all run by what they kept", async () => Object.values(await rig.stands()).every((one) => one === "kept"));
  await rig.agents.get(second)?.stop();
  const again = await rig.startGateway(second);
  await until("it is back", () => again.status().connected);
  const untilMs = rig.clock.now() + 600_000;
  await rig.pass("ten minutes are over", async () => rig.clock.now() >= untilMs);
  expect([...rig.levels.values()]).toEqual(["debug", "debug", "debug"]);
  expect(Object.values(await rig.stands())).toEqual(["kept", "kept", "kept"]);
  const log = JSON.parse((await rig.smartMla("aggregator", "audit-log", "--json")).out) as {
    items: { who: string; action: string }[];
  };
  expect(log.items.map(({ who, action }) => `${action} ${who === "aggregator" ? "by itself" : ""}`.trim())).toEqual([
    "rollout.start",
    "rollout.start",
    "rollout.abort by itself",
  ]);
});
