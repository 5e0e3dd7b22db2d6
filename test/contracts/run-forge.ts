import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

/** What a run of forge said. */
export interface ForgeRun {
  ok: boolean;
  output: string;
}

/** How much forge tries. */
export interface ForgeCounts {
  fuzzRuns: number;
  invariantRuns: number;
  invariantDepth: number;
  /** False compiles in two thirds of the time. */
  optimizer: boolean;
}

/** Enough for every test run, for each mutant, and what a nightly run does. */
export const smallCounts: ForgeCounts = { fuzzRuns: 48, invariantRuns: 8, invariantDepth: 60, optimizer: true };
export const mutantCounts: ForgeCounts = { fuzzRuns: 16, invariantRuns: 4, invariantDepth: 40, optimizer: false };
export const nightlyCounts: ForgeCounts = { fuzzRuns: 5_000, invariantRuns: 256, invariantDepth: 200, optimizer: true };

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The native forge of this machine; undefined where npm did not install it. With REQUIRE_PEERS=1 that is a failure instead. */
export function forgeBinary(): string | undefined {
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  try {
    const from = createRequire(createRequire(import.meta.url).resolve("@foundry-rs/forge/package.json"));
    return from.resolve(`@foundry-rs/forge-${process.platform}-${arch}/bin/forge`);
  } catch (cause) {
    if (process.env["REQUIRE_PEERS"] !== "1") return undefined;
    throw new Error("@foundry-rs/forge is not installed and REQUIRE_PEERS=1 forbids to skip; run npm ci", { cause });
  }
}

/**
 * Lays out a folder that forge can work in: contracts, libraries and tests as copies, so a mutant does not touch the sources.
 * @param replaced contents of contracts by file name that are not as in the sources
 */
export function stageForge(folder: string, replaced: ReadonlyMap<string, string> = new Map()): void {
  for (const name of ["settlement", "test", "lib/@openzeppelin"]) mkdirSync(join(folder, name), { recursive: true });
  for (const file of globSync(here("../../settlement/contracts/*.sol"))) cpSync(file, join(folder, "settlement", basename(file)));
  for (const file of globSync(here("*.sol"))) cpSync(file, join(folder, "test", basename(file)));
  cpSync(here("foundry.toml"), join(folder, "foundry.toml"));
  const library = join(createRequire(import.meta.url).resolve("@openzeppelin/contracts/package.json"), "..");
  for (const part of ["token", "utils", "interfaces"])
    cpSync(join(library, part), join(folder, "lib/@openzeppelin/contracts", part), { recursive: true });
  for (const [name, content] of replaced) writeFileSync(join(folder, "settlement", name), content);
}

/** Runs forge in such a folder. */
export async function runForge(forge: string, folder: string, args: readonly string[], counts: ForgeCounts): Promise<ForgeRun> {
  const child = spawn(forge, [...args], {
    cwd: folder,
    env: {
      ...process.env,
      // The wrapper's first line asks for node: it has to be the one that runs this.
      PATH: `${join(process.execPath, "..")}:${process.env["PATH"] ?? ""}`,
      NO_COLOR: "1",
      FOUNDRY_SOLC: here("solc-js.ts"),
      FOUNDRY_OPTIMIZER: String(counts.optimizer),
      FOUNDRY_FUZZ_RUNS: String(counts.fuzzRuns),
      FOUNDRY_INVARIANT_RUNS: String(counts.invariantRuns),
      FOUNDRY_INVARIANT_DEPTH: String(counts.invariantDepth),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes) => (output += String(bytes)));
  const [code] = (await once(child, "close")) as [number | null];
  return { ok: code === 0, output };
}
