import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { startMosquitto } from "../fake/mosquitto.ts";
import { seededRandom } from "../fuzz/mutate.ts";
import { aggregatorProcess, type HeldRow } from "./aggregator-process.ts";
import { brokerFiles } from "./broker-files.ts";
import type { DeliveryFiles } from "./delivery.ts";

const agent = fileURLToPath(new URL("ingesting-agent.ts", import.meta.url));
const site = "gw-kill";
const longestRunMs = 700;
/** Less than what a home waits before it sends again: where a receipt goes astray, that shows. */
const drainMs = 60_000;

/**
 * kill -9 of an agent at full rate, again and again, at random moments; a real Mosquitto with TLS and a real aggregator
 * in a process of its own. Each row that was ever committed is at the aggregator once.
 */
export async function killNine(options: { kills: number; seed: number; mosquitto: string; openssl: string }): Promise<Claim[]> {
  const random = seededRandom(options.seed);
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-kill-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const broker = await startMosquitto(options);
  opened.defer(() => broker.stop());
  const aggregator = await aggregatorProcess({
    folder: join(folder, "aggregator"),
    broker: brokerFiles(broker, "aggregator"),
    sites: [site],
  });
  opened.defer(() => aggregator.stop());
  await aggregator.start();
  const home = join(folder, "home");
  mkdirSync(home);
  const files: DeliveryFiles = { folder: home, site, broker: brokerFiles(broker, site), publicJwk: aggregator.publicJwk };
  /** Rows committed by each run, as it said. */
  const committed = new Map<string, number>();
  const run = async (mode: "ingest" | "drain", endWithinMs: number): Promise<NodeJS.Signals | null> => {
    const child = spawn(process.execPath, [agent, JSON.stringify(files), mode], { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.on("error", () => undefined);
    using late = new DisposableStack();
    late.defer(() => void child.kill("SIGKILL"));
    let said = "";
    child.stdout.on("data", (bytes) => (said += String(bytes)));
    const closed = once(child, "close");
    await Promise.race([once(child.stdout, "data"), closed]);
    const patience = new AbortController();
    await Promise.race([closed, delay(endWithinMs, undefined, { signal: patience.signal }).catch(() => undefined)]);
    patience.abort();
    child.kill("SIGKILL");
    await closed;
    for (const line of said.split("\n").slice(0, -1)) {
      const [boot = "", rows = ""] = line.split(" ");
      committed.set(boot, Number(rows));
    }
    return child.signalCode;
  };
  for (let kill = 0; kill < options.kills; kill++) {
    const by = await run("ingest", random() * longestRunMs);
    if (by !== "SIGKILL") throw new Error(`run ${kill} ended by itself`);
  }
  const stuck = await run("drain", drainMs);
  const { lost, duplicates, rows } = judge(aggregator.rows(), committed);
  return [
    atMost(`kill-nine: rows lost of those committed, over ${options.kills} kills`, lost, 0),
    atMost(`kill-nine: rows there twice, of ${rows}`, duplicates, 0),
    atMost("kill-nine: rows without a receipt at the end", stuck === null ? 0 : 1, 0),
    atLeast("kill-nine: rows a kill (at least)", rows / options.kills, 10),
  ];
}

/** What is missing, and what came twice: by number, or as the same reading of the same instant under two numbers. */
function judge(held: readonly HeldRow[], committed: ReadonlyMap<string, number>) {
  const numbers = new Set<string>();
  const places = new Set<string>();
  for (const { boot, seq, body } of held) {
    numbers.add(`${boot} ${seq}`);
    const item = JSON.parse(body) as { kind: string; meter?: string; register?: string; at?: string; start?: string };
    places.add([item.kind, item.meter, item.register, item.at ?? item.start].join(" "));
  }
  let lost = 0;
  for (const [boot, rows] of committed) for (let seq = 1; seq <= rows; seq++) if (!numbers.has(`${boot} ${seq}`)) lost++;
  return { lost, duplicates: held.length - Math.min(numbers.size, places.size), rows: held.length };
}
