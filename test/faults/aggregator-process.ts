import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, openSync, closeSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { stringify } from "yaml";
import { createControlKey } from "../../core/envelope.ts";
import { cliEntry } from "../fake/run-cli.ts";
import type { BrokerFiles } from "./broker-files.ts";

/** Id of the aggregator that takes part. */
export const aggregatorId = "community";

/** A row of a home as the aggregator holds it. */
export interface HeldRow {
  boot: string;
  seq: number;
  body: string;
}

/** The real aggregator as a process of its own, with its own database. */
export interface AggregatorProcess {
  /** Public half of the key that signs its receipts. */
  publicJwk: object;
  databaseFile: string;
  pid(): number;
  /** Starts it; resolves when it is ready. */
  start(): Promise<void>;
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** All rows of homes in the order in which they came. */
  rows(): HeldRow[];
}

/** Lays out its files; it is not started yet. */
export async function aggregatorProcess(options: {
  folder: string;
  broker: BrokerFiles;
  sites: readonly string[];
  clockUrl?: string;
}): Promise<AggregatorProcess> {
  const { folder, broker } = options;
  mkdirSync(folder, { recursive: true });
  const { privateJwk, publicJwk } = await createControlKey("control-1");
  const databaseFile = join(folder, "data.db");
  const configFile = join(folder, "aggregator.yaml");
  const prices = {
    v: 1,
    currency: "EUR",
    start: "2026-01-01T00:00:00.000Z",
    stepS: 3600,
    importPerKwh: ["210000"],
    exportPerKwh: ["70000"],
  };
  writeFileSync(join(folder, "prices.json"), JSON.stringify([prices]));
  writeFileSync(join(folder, "control-key.json"), JSON.stringify(privateJwk), { mode: 0o600 });
  const yaml = {
    version: 1,
    id: aggregatorId,
    broker: {
      url: broker.url,
      ...(broker.caFile && { ca_file: broker.caFile, cert_file: broker.certFile, key_file: broker.keyFile }),
    },
    control_key_file: "control-key.json",
    sites: Object.fromEntries(options.sites.map((site) => [site, {}])),
    prices_file: "prices.json",
    storage: { path: databaseFile },
    http: { listen: "127.0.0.1:0" },
    ...(options.clockUrl && { simulation: { clock_url: options.clockUrl } }),
  };
  writeFileSync(configFile, stringify(yaml));
  let child: ChildProcess | undefined;
  return {
    publicJwk,
    databaseFile,
    pid: () => child?.pid ?? 0,
    async start() {
      const log = openSync(join(folder, "log"), "a");
      const started = spawn(process.execPath, [cliEntry, "aggregator", "run", "-c", configFile], {
        stdio: ["pipe", "pipe", log],
        // Ends with this process, whatever ends that.
        env: { ...process.env, SMART_MLA_PARENT: "stdin" },
      });
      closeSync(log);
      child = started;
      started.stdin?.on("error", () => undefined);
      await Promise.race([
        started.stdout && once(started.stdout, "data"),
        once(started, "exit").then(() => {
          throw new Error(`the aggregator ended with ${started.exitCode}; see ${join(folder, "log")}`);
        }),
      ]);
    },
    async stop(signal = "SIGTERM") {
      const stopped = child;
      child = undefined;
      if (!stopped || stopped.exitCode !== null || stopped.signalCode !== null) return;
      const ended = once(stopped, "exit");
      stopped.kill(signal);
      await ended;
    },
    rows() {
      const db = new Database(databaseFile, { readonly: true });
      try {
        return db.prepare<[], HeldRow>("select boot, seq, body from item order by rowid").all();
      } finally {
        db.close();
      }
    },
  };
}
