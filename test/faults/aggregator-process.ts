import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { openSync, closeSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { cliEntry } from "../fake/run-cli.ts";
import { aggregatorFiles } from "./aggregator-files.ts";
import type { BrokerFiles } from "./broker-files.ts";

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
  const databaseFile = join(folder, "data.db");
  const { configFile, publicJwk } = await aggregatorFiles({
    folder,
    broker,
    sites: options.sites,
    storage: { path: databaseFile },
    more: { ...(options.clockUrl && { simulation: { clock_url: options.clockUrl } }) },
  });
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
