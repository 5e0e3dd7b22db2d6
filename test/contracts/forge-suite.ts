import type { ForgeRun } from "./run-forge.ts";

/** Share of lines and branches that ran, over the contract and its parts, 0 to 1. */
export interface Coverage {
  lines: number;
  branches: number;
}

/** The parts that are one contract. */
const parts = ["Settlement", "Registry", "Escrow", "RecordLog", "Records"];

/** Reads the table that `forge coverage --report summary` prints. Throws where a part is not in it. */
export function coverageOf({ output }: ForgeRun): Coverage {
  const sums = { lines: [0, 0], branches: [0, 0] } as Record<keyof Coverage, [number, number]>;
  for (const part of parts) {
    const row = output.split("\n").find((line) => line.includes(`settlement/${part}.sol`));
    const counts = [...(row ?? "").matchAll(/\((\d+)\/(\d+)\)/g)].map(([, hit, all]) => [Number(hit), Number(all)] as const);
    const [lines, , branches] = counts;
    if (!lines || !branches) throw new Error(`forge says nothing about ${part}.sol:\n${output.slice(-2000)}`);
    for (const [name, [hit, all]] of [
      ["lines", lines],
      ["branches", branches],
    ] as const) {
      sums[name][0] += hit;
      sums[name][1] += all;
    }
  }
  return { lines: sums.lines[0] / sums.lines[1], branches: sums.branches[0] / sums.branches[1] };
}

/** How many tests passed, by what forge prints at its end. */
export function passedTests({ output }: ForgeRun): number {
  return Number(/(\d+) tests passed/.exec(output)?.[1] ?? 0);
}
