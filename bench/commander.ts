import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Board } from "./boards.ts";

/** One reduction that was commanded; instants on CLOCK_MONOTONIC, ms. */
export interface Commanded {
  coil: number;
  /** The command was there. */
  startMs: number;
  /** It was decided what to write. */
  decidedMs: number;
  /** The contact had been read back. */
  doneMs: number;
}

/** What a process of its own is told first. */
export interface CommanderTask {
  line: Board["line"];
  coils: number;
  /** Between two commands, so that each finds an idle line and an idle processor. */
  pauseMs: number;
  /** For what it stores; its own. */
  folder: string;
}

/** A process that commands the contacts of a board, of the kind that a script makes it. */
export interface Commander {
  /** Switches all contacts on, then each off; gives the times of the latter. */
  round(): Promise<Commanded[]>;
  close(): Promise<void>;
}

/** @param script file in this folder: bare-loop.ts or control-path.ts */
export function startCommander(script: string, task: CommanderTask): Commander {
  const child = fork(join(import.meta.dirname, script), [JSON.stringify(task)], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const ended = once(child, "exit");
  return {
    async round() {
      const answer = once(child, "message") as Promise<[Commanded[]]>;
      child.send("round");
      const [all] = await Promise.race([
        answer,
        ended.then(() => {
          throw new Error(`${script} ended with ${child.exitCode}`);
        }),
      ]);
      return all;
    },
    async close() {
      child.disconnect();
      await ended;
    },
  };
}

/** The other side of startCommander(), in the process of its own. */
export function commanded(round: () => Promise<Commanded[]>, close: () => unknown): void {
  process.on("message", () => void round().then((all) => process.send?.(all)));
  process.on("disconnect", () => void close());
}
