import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import { aggregatorConfigFromYaml } from "../../../aggregator/config/aggregator-config.ts";
import { AggregatorYaml } from "../../../aggregator/config/schema.ts";
import { startAggregator } from "../../../aggregator/main.ts";
import { freePort } from "../../../cli/free-port.ts";
import { simulateFleet } from "../../../cli/simulate-fleet.ts";
import { realClock } from "../../../core/clock/real-clock.ts";
import { createControlKey, importControlKey } from "../../../core/envelope.ts";
import type { FleetLine } from "../../../simulator/fleet/fleet-figures.ts";
import { fleetSites, runFleet } from "../../../simulator/fleet/run-fleet.ts";
import { scratch } from "../../fake/scratch.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { testBroker } from "../../fake/test-broker.ts";
import { until } from "../../fake/until.ts";

it("lets homes live with a running aggregator: rows are receipted, plans are followed, nothing is refused", async () => {
  const broker = await testBroker();
  const folder = scratch("fleet");
  const { privateJwk, publicJwk } = await createControlKey("control-1");
  writeFileSync(join(folder, "control.json"), JSON.stringify(privateJwk));
  const start = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000).toISOString();
  const per = Array.from({ length: 48 }, (_, hour) => String(100_000 + (hour % 24) * 1000));
  const prices = { v: 1, currency: "EUR", start, stepS: 3600, importPerKwh: per, exportPerKwh: per };
  writeFileSync(join(folder, "prices.json"), JSON.stringify([prices]));
  const sites = fleetSites({ prefix: "home-", first: 3, homes: 4 });
  const yaml = AggregatorYaml.parse({
    version: 1,
    id: "community",
    broker: { url: broker.url },
    control_key_file: "control.json",
    sites: Object.fromEntries(sites.map((site) => [site, {}])),
    prices_file: "prices.json",
    storage: { path: "data.db" },
    http: { listen: "127.0.0.1:0", open: true },
  });
  const aggregator = await startAggregator({
    config: aggregatorConfigFromYaml(yaml, folder),
    clock: realClock({ onError: () => undefined }),
    log: silentLog(),
    version: "0",
  });
  onTestFinished(() => aggregator.stop());
  const key = await importControlKey(publicJwk);
  const ending = new AbortController();
  const lines: FleetLine[] = [];
  const told = new Set<string>();
  const running = runFleet({
    aggregator: "community",
    broker: { url: broker.url },
    keys: new Map([[key.kid, key.key]]),
    sites,
    seed: 1,
    everyS: 1,
    log: silentLog(),
    signal: ending.signal,
    say: (line) => lines.push(line),
    onInstruction: (site, { resource }) => told.add(`${site} ${resource}`),
  });
  await until("each home was told of both appliances", () => told.size === 8, 25_000);
  const statistics = async (): Promise<number> => {
    const answer = await fetch(`${aggregator.apiUrl}/v1/statistics`);
    return ((await answer.json()) as { samples: number }).samples;
  };
  await until("readings of all homes are stored", async () => (await statistics()) >= 8);
  ending.abort();
  await running;
  expect(lines[0]).toMatchObject({ kind: "ready", homes: 4, connected: 4, refused: {} });
  expect(lines.at(-1)).toMatchObject({ kind: "end", connected: 4, refused: {} });
  expect(lines.at(-1)?.rowsReceipted).toBeGreaterThan(0);
});

it("says why homes are not let in, and does not call them ready", async () => {
  const log = silentLog();
  const ending = new AbortController();
  const lines: FleetLine[] = [];
  const running = runFleet({
    aggregator: "community",
    broker: { url: `mqtt://127.0.0.1:${await freePort()}` },
    keys: new Map(),
    sites: ["home-1", "home-2"],
    seed: 1,
    everyS: 1,
    log,
    signal: ending.signal,
    say: (line) => lines.push(line),
  });
  await until("it says why", () => log.lines.length > 0);
  ending.abort();
  await running;
  expect(log.lines.map(({ message }) => message)).toEqual([
    "connection failed, retrying",
    "ended before all homes were connected",
  ]);
  expect(log.lines[0]?.fields["error"]).toContain("ECONNREFUSED");
  expect(lines).toEqual([]);
});

it("prints the homes for an aggregator's configuration", async () => {
  const said: string[] = [];
  const options = {
    homes: "3",
    first: "9",
    prefix: "gw-",
    printSites: true,
    url: "mqtt://x",
    every: "60",
    seed: "1",
    minutes: "0",
  };
  expect(await simulateFleet(options, (line) => said.push(line))).toBe(0);
  expect(parse(said.join("\n"))).toEqual({ sites: { "gw-9": {}, "gw-10": {}, "gw-11": {} } });
});
