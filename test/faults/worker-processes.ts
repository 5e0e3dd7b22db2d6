import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { cliEntry } from "../fake/run-cli.ts";
import { aggregatorFiles } from "./aggregator-files.ts";
import type { BrokerFiles } from "./broker-files.ts";

/** Several workers of one aggregator, each a process of its own. */
export interface WorkerProcesses {
  /** Public half of the key that signs receipts. */
  publicJwk: object;
  pid(index: number): number;
  /** Starts one; resolves when it is ready. */
  start(index: number): Promise<void>;
  stop(index: number, signal: "SIGTERM" | "SIGKILL" | "SIGSTOP" | "SIGCONT"): Promise<void>;
  stopAll(): Promise<void>;
}

/** Lays out their files; none is started yet. */
export async function workerProcesses(options: {
  folder: string;
  broker: BrokerFiles;
  postgresUrl: string;
  sites: readonly string[];
  leaseS: number;
}): Promise<WorkerProcesses> {
  const { folder, broker } = options;
  const { configFile, publicJwk } = await aggregatorFiles({
    folder,
    broker,
    sites: options.sites,
    storage: { postgres_url: options.postgresUrl, folder },
    more: { workers: { lease_s: options.leaseS } },
  });
  const children = new Map<number, ChildProcess>();
  const stop: WorkerProcesses["stop"] = async (index, signal) => {
    const child = children.get(index);
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    if (signal === "SIGSTOP" || signal === "SIGCONT") return void child.kill(signal);
    children.delete(index);
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };
  return {
    publicJwk,
    pid: (index) => children.get(index)?.pid ?? 0,
    async start(index) {
      const log = openSync(join(folder, `log-${index}`), "a");
      const child = spawn(process.execPath, [cliEntry, "aggregator", "worker", "-c", configFile], {
        stdio: ["pipe", "pipe", log],
        // Ends with this process, whatever ends that.
        env: { ...process.env, SMART_MLA_PARENT: "stdin" },
      });
      closeSync(log);
      children.set(index, child);
      child.stdin?.on("error", () => undefined);
      await Promise.race([
        child.stdout && once(child.stdout, "data"),
        once(child, "exit").then(() => {
          if (child.signalCode === null)
            throw new Error(`worker ${index} ended with ${child.exitCode}; see ${folder}/log-${index}`);
        }),
      ]);
    },
    stop,
    async stopAll() {
      await Promise.all([...children.keys()].map((index) => stop(index, "SIGKILL")));
    },
  };
}
