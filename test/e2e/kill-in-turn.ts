import { expect } from "vitest";
import type { World } from "../../cli/demo/world.ts";
import { until } from "../fake/until.ts";

const hourMs = 3_600_000;

/**
 * Kills programs of a running world one after the other, each so many hours after the one before is back. The chain is told to
 * end instead: anvil writes its blocks once a second, in which an hour passes here, and one that forgets blocks that it called
 * final stands for no chain with finality.
 */
export async function killInTurn(
  world: Pick<World, "nowMs" | "pids">,
  notes: readonly string[],
  { victims, hours }: { victims: readonly string[]; hours: number },
): Promise<void> {
  for (const name of victims) {
    const fromMs = world.nowMs();
    await until(`${hours} hours have passed before ${name} is killed`, () => world.nowMs() >= fromMs + hours * hourMs, 120_000);
    const signal = name === "chain" ? "SIGTERM" : "SIGKILL";
    process.kill(world.pids().get(name) ?? expect.fail(`${name} does not run`), signal);
    await until(`${name} is back`, () => notes.includes(`! ${name} is back`), 30_000);
  }
}
