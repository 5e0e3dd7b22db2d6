import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { aborted } from "../core/aborted.ts";
import type { Log } from "../core/log.ts";

/** Whether network time has set this machine's clock. */
export interface NetworkTime {
  synced(): boolean;
}

/** The machine, as far as it knows of network time. */
export interface TimeKeeper {
  /** What `timedatectl show -p NTPSynchronized --value` says. Rejects where there is no such program, or no systemd. */
  ask(): Promise<string>;
  /** Whether systemd-timesyncd has left its mark of a first synchronisation since the boot. */
  marked(): boolean;
}

type State = "synced" | "unsynced" | "nobody to ask";

const run = promisify(execFile);

/** This machine's own. */
export const machineTime: TimeKeeper = {
  ask: async () => (await run("timedatectl", ["show", "-p", "NTPSynchronized", "--value"], { timeout: 5000 })).stdout,
  marked: () => existsSync("/run/systemd/timesync/synchronized"),
};

/** Asked often until it is so, then now and then: a server that goes away long enough makes it unsynchronised again. */
const waitMs = { unsynced: 15_000, synced: 600_000 };

/**
 * Watches whether the clock can be believed. A machine without a battery for its clock boots in the past; what it stamps until
 * then is flagged. Where nobody can be asked (a container without systemd) the clock is believed, and that is said once.
 */
export async function networkTime(options: { keeper: TimeKeeper; log: Log; signal: AbortSignal }): Promise<NetworkTime> {
  const { keeper, log, signal } = options;
  let state: State | undefined;
  const look = async (): Promise<State> => {
    try {
      return (await keeper.ask()).trim() === "yes" ? "synced" : "unsynced";
    } catch {
      return keeper.marked() ? "synced" : "nobody to ask";
    }
  };
  const update = async (): Promise<void> => {
    const now = await look();
    if (now === state) return;
    state = now;
    if (now === "synced") log.info({}, "network time has set the clock");
    if (now === "unsynced")
      log.warn({ code: "clock-unsynced" }, "the clock is not set by network time; what is stamped is flagged");
    if (now === "nobody to ask") log.info({}, "no timedatectl to ask for network time; the clock is believed");
  };
  await update();
  void (async () => {
    while (!signal.aborted && state !== "nobody to ask") {
      await Promise.race([pause(state === "synced" ? waitMs.synced : waitMs.unsynced, signal), aborted(signal)]);
      if (!signal.aborted) await update();
    }
  })();
  return { synced: () => state !== "unsynced" };
}

/** Wall time: this is about the machine, whatever clock the program goes by. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}
