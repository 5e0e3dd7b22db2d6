import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { stringify } from "yaml";
import { freePort } from "../../cli/free-port.ts";
import { createControlKey } from "../../core/envelope.ts";
import type { FleetLine } from "../../simulator/fleet/fleet-figures.ts";
import { fleetSites } from "../../simulator/fleet/run-fleet.ts";
import { peer } from "../../test/fake/peer.ts";
import { cpuSeconds, residentMiB } from "../process-usage.ts";
import { atLeast, atMost, rounded } from "../report.ts";
import { benchBroker } from "./bench-broker.ts";
import type { Part, PartOptions } from "./optimise.ts";

const cores = 2;
/** Measured after the homes have connected and described themselves. */
const settleMs = 20_000;
const minutes = 1;
const program = join(import.meta.dirname, "../../cli/main.ts");
const homesEach = 2500;

/**
 * The process part: a whole aggregator (SQLite, no feeder: homes are planned one by one) and simulated
 * homes in other processes, each with a reading a minute, over a real broker: memory, processor time, receipts.
 */
export async function processPart({ homes }: PartOptions): Promise<Part> {
  const mosquitto = peer("mosquitto");
  if (!mosquitto) throw new Error("the process part needs mosquitto");
  const rows: Part["rows"] = [];
  const claims: Part["claims"] = [];
  for (const count of homes) {
    const one = await measured(mosquitto, count);
    rows.push(one.row);
    claims.push(...one.claims);
  }
  return { rows, claims };
}

async function measured(mosquitto: string, homes: number): Promise<{ row: Part["rows"][number]; claims: Part["claims"] }> {
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-bench-process-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const broker = await benchBroker(mosquitto);
  opened.defer(() => broker.stop());
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const keyFile = file("control.jwk", JSON.stringify((await createControlKey("control-1")).privateJwk));
  const start = new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000).toISOString();
  const perKwh = Array.from({ length: 72 }, (_, hour) => String(Math.round(250_000 + 80_000 * ((hour % 24) / 24))));
  file(
    "prices.json",
    JSON.stringify([
      {
        v: 1,
        currency: "EUR",
        start,
        stepS: 3600,
        importPerKwh: perKwh,
        exportPerKwh: perKwh.map(() => "60000"),
      },
    ]),
  );
  const config = file(
    "aggregator.yaml",
    stringify({
      version: 1,
      id: "bench",
      broker: { url: broker.url },
      control_key_file: keyFile,
      sites: Object.fromEntries(fleetSites({ prefix: "home-", first: 1, homes }).map((site) => [site, {}])),
      prices_file: "prices.json",
      storage: { path: "data.db" },
      http: { listen: `127.0.0.1:${await freePort()}`, open: true },
      log: { level: "warn" },
    }),
  );
  const run = (args: readonly string[], out: "ignore" | "pipe"): ChildProcess => {
    const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", out, "ignore"], cwd: folder });
    const ended = once(child, "exit");
    opened.defer(async () => {
      child.kill("SIGTERM");
      await ended;
    });
    return child;
  };
  const aggregator = run(["aggregator", "run", "-c", config], "ignore");
  await delay(5000);
  const beganMs = performance.now();
  const [lines, ready]: [FleetLine[], Promise<unknown>[]] = [[], []];
  for (let first = 1; first <= homes; first += homesEach) {
    const args = ["--homes", String(Math.min(homesEach, homes - first + 1)), "--first", String(first)];
    const fleet = run(["simulate", "fleet", ...args, "--aggregator", "bench", "--key", keyFile, "--url", broker.url], "pipe");
    const { promise, resolve } = Promise.withResolvers<void>();
    ready.push(promise);
    if (!fleet.stdout) throw new Error("the fleet has an output");
    createInterface({ input: fleet.stdout }).on("line", (line) => {
      const said = JSON.parse(line) as FleetLine;
      if (said.kind === "ready") resolve();
      lines.push(said);
    });
    fleet.once("exit", () => resolve());
  }
  await Promise.all(ready);
  const connectedS = (performance.now() - beganMs) / 1000;
  await delay(settleMs);
  lines.length = 0;
  const [cpu, fromMs] = [cpuSeconds(aggregator.pid ?? 0), performance.now()];
  await delay(minutes * 60_000);
  const seconds = (performance.now() - fromMs) / 1000;
  const usedS = cpuSeconds(aggregator.pid ?? 0) - cpu;
  const heldMiB = residentMiB(aggregator.pid ?? 0);
  const receipts = lines.flatMap(({ receiptMs }) => receiptMs ?? []);
  const connected = lines.slice(-Math.ceil(homes / homesEach)).reduce((sum, line) => sum + line.connected, 0);
  const percent = (100 * usedS) / seconds / cores;
  const of = `${homes} homes, a whole process: `;
  return {
    row: {
      homes,
      "all connected after, s": rounded(connectedS),
      "connected at the end": connected,
      "messages/s": rounded(lines.reduce((sum, { meterMessages }) => sum + meterMessages, 0) / seconds),
      "processor, % of two cores": rounded(percent),
      "resident, MiB": rounded(heldMiB),
      "KiB a home, the program itself included": rounded((heldMiB * 1024) / homes),
      "receipt: most, ms": Math.max(0, ...receipts.map(({ most }) => most)),
      refused: lines.reduce((sum, { refused }) => sum + Object.values(refused).reduce((all, one) => all + one, 0), 0),
    },
    claims: [atLeast(`${of}homes connected`, connected, homes), atMost(`${of}processor time, % of two cores`, percent, 25)],
  };
}
