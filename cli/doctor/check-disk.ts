import { accessSync, constants, existsSync, globSync, readFileSync, statfsSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { AgentConfig } from "../../agent/config/agent-config.ts";
import type { Finding } from "./finding.ts";

const mib = 1024 * 1024;
const enoughBytes = 500 * mib;
const leastBytes = 50 * mib;

/** Room and state of the disk that holds the state folder, and what the agent had to set aside on it. */
export function checkDisk({ stateFolder, databaseFile }: Pick<AgentConfig, "stateFolder" | "databaseFile">): Finding[] {
  if (!existsSync(stateFolder))
    return [{ check: "disk", verdict: "unknown", seen: `no state folder ${stateFolder} yet`, fix: "start the agent once" }];
  return [room(stateFolder), ...written(stateFolder), ...database(databaseFile), ...card()];
}

function room(folder: string): Finding {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const seen = `${Math.floor(free / mib)} MiB free where ${folder} is`;
  if (free >= enoughBytes) return { check: "disk", verdict: "good", seen };
  const fix =
    "free space; the agent thins its older readings when the disk is full, and slots and records go on as long as they fit";
  return { check: "disk", verdict: free < leastBytes ? "bad" : "warning", seen, fix };
}

function written(folder: string): Finding[] {
  try {
    accessSync(folder, constants.W_OK);
    return [];
  } catch {
    const fix = "run this as the agent's user or root; else the disk is mounted read-only: look at dmesg, and replace the card";
    return [{ check: "disk", verdict: "bad", seen: `${folder} cannot be written`, fix }];
  }
}

function database(file: string): Finding[] {
  if (!existsSync(file)) return [{ check: "database", verdict: "unknown", seen: `no ${file} yet`, fix: "start the agent once" }];
  const aside = globSync(`${file}.damaged-*`).filter((name) => !/-(wal|shm)$/.test(name));
  const seen = `${Math.ceil(statSync(file).size / mib)} MiB`;
  if (aside.length === 0) return [{ check: "database", verdict: "good", seen }];
  const fix = "the disk or card loses data: replace it; when you need nothing more of the files, delete them";
  const names = aside.map((name) => basename(name)).join(", ");
  return [{ check: "database", verdict: "warning", seen: `${seen}; was damaged and set aside: ${names}`, fix }];
}

/** What the kernel knows of wear and errors; cards without the register say nothing. */
function card(): Finding[] {
  const fix = "copy the card now (smart-mla backup) and replace it";
  const worn = globSync("/sys/block/mmcblk*/device/life_time").flatMap((file): Finding[] => {
    const steps = readFileSync(file, "utf8").trim();
    const worst = Math.max(...steps.split(/\s+/).map(Number));
    if (!(worst > 0)) return [];
    const seen = `${(worst - 1) * 10} to ${worst * 10} % of its writes are used (${file})`;
    return worst >= 9 ? [{ check: "card", verdict: "bad", seen, fix }] : [{ check: "card", verdict: "good", seen }];
  });
  const broken = globSync("/sys/fs/ext4/*/errors_count").flatMap((file): Finding[] => {
    const count = Number(readFileSync(file, "utf8"));
    return count > 0 ? [{ check: "card", verdict: "bad", seen: `${count} errors of the file system (${file})`, fix }] : [];
  });
  return [...worn, ...broken];
}
