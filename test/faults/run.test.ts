import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { peer } from "../fake/peer.ts";
import { scratch } from "../fake/scratch.ts";
import { until } from "../fake/until.ts";

const needed = peer("mkfs.ext4") && process.getuid?.() === 0;

/** Processes that name a folder in their command, and mounts in it. */
function left(folder: string): string[] {
  const commands = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(join("/proc", pid, "cmdline"), "utf8").replaceAll("\0", " ");
      } catch {
        return "";
      }
    });
  const mounts = readFileSync("/proc/mounts", "utf8").split("\n");
  return [...commands, ...mounts].filter((line) => line.includes(folder));
}

it.skipIf(!needed).each(["SIGINT", "SIGTERM"] as const)("leaves no process, disk or file behind after %s", async (signal) => {
  const folder = scratch("faults");
  const run = spawn(process.execPath, ["test/faults/run.ts", "--only", "sick-disk"], {
    env: { ...process.env, TMPDIR: folder },
    stdio: "ignore",
  });
  const ended = once(run, "exit");
  // The disk, and the agent on it.
  await until("the agent runs on its disk", () => left(folder).some((line) => line.includes("agent run")), 20_000);
  expect(left(folder).some((line) => line.includes("ext4"))).toBe(true);
  run.kill(signal);
  expect(await ended).toEqual([1, null]);
  await until("all processes are gone", () => left(folder).length === 0);
  expect(readdirSync(folder)).toEqual([]);
});
