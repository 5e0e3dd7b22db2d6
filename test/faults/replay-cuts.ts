import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { paperDisk, type NamesRule } from "./paper-disk.ts";
import type { Call } from "./record-calls.ts";

/** What was found on the disk after one power cut. */
export interface AfterCut {
  /** Rows that had been acknowledged before it and are not there. */
  lost: number;
  corrupt: boolean;
}

/** Over all cuts. */
export interface CutsResult {
  cuts: number;
  /** Cuts after which acknowledged rows were missing. */
  losing: number;
  lost: number;
  corrupt: number;
}

/**
 * Cuts the power of a recorded process at random moments, on paper, and looks at what is left.
 * @param options.folder where its database lay
 * @param options.look is given a folder and the lines that the process had said on stdout
 * @param options.random in [0, 1)
 */
export function replayCuts(options: {
  calls: readonly Call[];
  folder: string;
  cuts: number;
  random: () => number;
  names?: NamesRule;
  look: (folder: string, said: readonly string[]) => AfterCut;
}): CutsResult {
  const { calls, random } = options;
  const result: CutsResult = { cuts: 0, losing: 0, lost: 0, corrupt: 0 };
  const first = calls.findIndex((call) => call.call === "open" && call.path.startsWith(`${options.folder}/`));
  if (first < 0) throw new Error(`the recording has no file in ${options.folder}`);
  const moments = Array.from({ length: options.cuts }, () => first + 1 + Math.floor(random() * (calls.length - first)));
  moments.sort((one, other) => one - other);
  const disk = paperDisk(options.folder, random, options.names);
  const scratch = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "smart-mla-cut-"));
  const target = join(scratch, "disk");
  let said = "";
  let done = 0;
  try {
    for (const moment of moments) {
      for (; done < moment; done++) {
        const call = calls[done];
        if (!call) break;
        if (call.call === "write" && call.fd === 1) said += call.bytes.toString("utf8");
        disk.take(call);
      }
      disk.cutInto(target);
      const { lost, corrupt } = options.look(target, said.split("\n").slice(0, -1));
      result.cuts++;
      result.lost += lost;
      if (lost > 0) result.losing++;
      if (corrupt) result.corrupt++;
    }
    return result;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
