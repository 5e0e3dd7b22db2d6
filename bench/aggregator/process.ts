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
import { postgresFolder, startPostgres } from "../../test/fake/postgres.ts";
import { cpuSeconds, residentMiB } from "../process-usage.ts";
import { atLeast, atMost, rounded } from "../report.ts";
import { benchBroker } from "./bench-broker.ts";
import type { LoopDelays } from "./loop-watch.ts";
import type { Part, PartOptions } from "./optimise.ts";

const cores = 2;
/** From when all homes are connected: the first one has the planning of all of them in it. */
const minutes = 2;
const program = join(import.meta.dirname, "../../cli/main.ts");
const loopWatch = join(import.meta.dirname, "loop-watch.ts");
const homesEach = 2500;

/** One minute of all fleets together, and of the aggregator's process. */
interface Minute {
  lines: FleetLine[];
  processorPercent: number;
  residentMiB: number;
  loop: LoopDelays;
}

/**
 * The process part: a whole aggregator (no feeder: homes are planned one by one) and simulated homes in other processes, each with a
 * reading a minute, over a real broker: receipts, memory, processor time and pauses, minute by minute from when all are connected;
 * then how long the last home waits for an operator's reduction.
 */
export async function processPart({ homes, database }: PartOptions): Promise<Part> {
  const mosquitto = peer("mosquitto");
  if (!mosquitto) throw new Error("the process part needs mosquitto");
  const rows: Part["rows"] = [];
  const claims: Part["claims"] = [];
  for (const count of homes) {
    const one = await measured(mosquitto, count, database);
    rows.push(...one.rows);
    claims.push(...one.claims);
  }
  return { rows, claims };
}

/** What a configuration says of the database. */
async function storageSection(database: PartOptions["database"], opened: AsyncDisposableStack): Promise<object> {
  if (database === "sqlite") return { path: "data.db" };
  const programs = postgresFolder();
  if (programs === undefined) throw new Error("the process part over PostgreSQL needs postgresql");
  const server = await startPostgres(programs);
  opened.defer(() => server.stop());
  return { postgres_url: server.database("bench"), folder: "state" };
}

async function measured(mosquitto: string, homes: number, database: PartOptions["database"]): Promise<Part> {
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
  file("prices.json", JSON.stringify([pricesOf(Date.now())]));
  const config = file(
    "aggregator.yaml",
    stringify({
      version: 1,
      id: "bench",
      broker: { url: broker.url },
      control_key_file: keyFile,
      sites: Object.fromEntries(fleetSites({ prefix: "home-", first: 1, homes }).map((site) => [site, {}])),
      prices_file: "prices.json",
      storage: await storageSection(database, opened),
      http: { listen: `127.0.0.1:${await freePort()}`, open: true },
      log: { level: "warn" },
    }),
  );
  const run = (args: readonly string[], stdio: ("ignore" | "pipe" | "ipc" | "inherit")[]): ChildProcess => {
    const child = spawn(process.execPath, args, { stdio, cwd: folder });
    const ended = once(child, "exit");
    opened.defer(async () => {
      child.kill("SIGTERM");
      await ended;
    });
    return child;
  };
  const aggregator = run(
    ["--import", loopWatch, program, "aggregator", "run", "-c", config],
    ["ignore", "ignore", "ignore", "ipc"],
  );
  const loopDelays = async (): Promise<LoopDelays> => {
    aggregator.send("tell");
    const [said] = (await once(aggregator, "message")) as [LoopDelays];
    return said;
  };
  await delay(5000);
  const beganMs = performance.now();
  const ready: Promise<unknown>[] = [];
  const said: FleetLine[][] = [];
  for (let first = 1; first <= homes; first += homesEach) {
    const args = ["--homes", String(Math.min(homesEach, homes - first + 1)), "--first", String(first)];
    const access = ["--aggregator", "bench", "--key", keyFile, "--url", broker.url];
    const fleet = run([program, "simulate", "fleet", ...args, ...access], ["ignore", "pipe", "ignore"]);
    const { promise, resolve } = Promise.withResolvers<void>();
    ready.push(promise);
    const lines: FleetLine[] = [];
    said.push(lines);
    if (!fleet.stdout) throw new Error("the fleet has an output");
    createInterface({ input: fleet.stdout }).on("line", (text) => {
      const line = JSON.parse(text) as FleetLine;
      lines.push(line);
      resolve();
    });
    fleet.once("exit", () => resolve());
  }
  await Promise.all(ready);
  const connectedS = (performance.now() - beganMs) / 1000;
  await loopDelays();
  const linesOf = async (minute: number): Promise<FleetLine[]> => {
    while (said.some((lines) => lines.length <= minute)) await delay(100);
    return said.map((lines) => lines[minute] as FleetLine);
  };
  const done: Minute[] = [];
  for (let minute = 1; minute <= minutes; minute++) {
    const [cpu, fromMs] = [cpuSeconds(aggregator.pid ?? 0), performance.now()];
    await linesOf(minute);
    const seconds = (performance.now() - fromMs) / 1000;
    const usedS = cpuSeconds(aggregator.pid ?? 0) - cpu;
    done.push({
      lines: await linesOf(minute),
      processorPercent: (100 * usedS) / seconds / cores,
      residentMiB: residentMiB(aggregator.pid ?? 0),
      loop: await loopDelays(),
    });
  }
  const reduced = run([program, "aggregator", "reduce", "all", "-c", config], ["ignore", "ignore", "inherit"]);
  await once(reduced, "exit");
  const decidedMs = Date.now();
  const after = await linesOf(minutes + 1);
  const lastMs = Math.max(...after.map(({ lastInstruction }) => Date.parse(lastInstruction ?? "") || 0));
  const lists = after.reduce((sum, { instructions }) => sum + instructions, 0);
  const rows = done.map((one, index) => {
    const before = index === 0 ? said.map(([first]) => first as FleetLine) : (done[index - 1]?.lines ?? []);
    const sum = (of: (line: FleetLine) => number): number => one.lines.reduce((all, line) => all + of(line), 0);
    const receipted = sum(({ rowsReceipted }) => rowsReceipted);
    const made = receipted + sum(({ waiting }) => waiting) - before.reduce((all, { waiting }) => all + waiting, 0);
    return {
      homes,
      database,
      minute: index + 1,
      connected: sum(({ connected }) => connected),
      readings: made,
      receipted,
      "receipted, %": rounded((100 * receipted) / made),
      "receipt: half, ms": Math.max(...one.lines.map(({ receiptMs }) => receiptMs?.half ?? Infinity)),
      "receipt: most, ms": Math.max(...one.lines.map(({ receiptMs }) => receiptMs?.most ?? Infinity)),
      "processor, % of two cores": rounded(one.processorPercent),
      "pause: 99 %, ms": rounded(one.loop.p99Ms),
      "pause: most, ms": rounded(one.loop.maxMs),
      "resident, MiB": rounded(one.residentMiB),
      instructions: sum(({ instructions }) => instructions),
      refused: sum(({ refused }) => Object.values(refused).reduce((all, count) => all + count, 0)),
    };
  });
  const of = `${homes} homes, a whole process over ${database}: `;
  console.log(`${homes} homes were connected after ${rounded(connectedS)} s`);
  console.log(
    `a reduction of all of them: ${lists} lists in the next minute, the last ${rounded((lastMs - decidedMs) / 1000)} s later`,
  );
  console.log(`the longest pause meanwhile: ${rounded((await loopDelays()).maxMs)} ms`);
  const last = rows.at(-1);
  return {
    rows,
    claims: [
      atLeast(`${of}homes connected`, last?.connected ?? 0, homes),
      atLeast(`${of}readings with a receipt, %`, Math.min(...rows.map((row) => row["receipted, %"])), 99),
      atMost(`${of}processor time, % of two cores`, last?.["processor, % of two cores"] ?? Infinity, 25),
    ],
  };
}

/** Three days of prices by the hour, dearer towards each evening. */
function pricesOf(nowMs: number): object {
  const start = new Date(Math.floor(nowMs / 86_400_000) * 86_400_000).toISOString();
  const importPerKwh = Array.from({ length: 72 }, (_, hour) => String(Math.round(250_000 + 80_000 * ((hour % 24) / 24))));
  const exportPerKwh = importPerKwh.map(() => "60000");
  return { v: 1, currency: "EUR", start, stepS: 3600, importPerKwh, exportPerKwh };
}
