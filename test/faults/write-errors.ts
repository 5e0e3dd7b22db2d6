import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { seededRandom } from "../fuzz/mutate.ts";
import { lookAtAgent } from "./power-cuts.ts";
import { recordCalls } from "./record-calls.ts";
import { replayCuts, type AfterCut } from "./replay-cuts.ts";

const agentWriter = fileURLToPath(new URL("store-writer.ts", import.meta.url));
const aggregatorWriter = fileURLToPath(new URL("receipt-writer.ts", import.meta.url));

/** Which calls fail: from the so-manieth on each so-manieth. */
const injections = ["fsync:error=EIO:when=9+7", "pwrite64:error=ENOSPC:when=60+37", "pwrite64:error=EIO:when=70+41"];

/**
 * fsync and write fail now and then under the agent's store and under the aggregator's intake and store; then the power is
 * cut. A row that the agent said to be kept, or that the aggregator gave a receipt for, is there: also what a failed fsync
 * covered may never reach the disk, whatever a later one says. Names are as durable as on ext4: SQLite does not look whether
 * its fsync of the folder worked, so where only that makes a name durable its failure can cost the database.
 */
export async function writeErrors(options: {
  cuts: number;
  transactions: number;
  seed: number;
  strace: string;
}): Promise<Claim[]> {
  const claims: Claim[] = [];
  for (const [who, writer, look] of [
    ["agent", agentWriter, lookAtAgent],
    ["aggregator", aggregatorWriter, lookAtAggregator],
  ] as const) {
    let [cuts, lost, corrupt, failures] = [0, 0, 0, 0];
    for (const injection of injections) {
      const scratch = mkdtempSync(join(tmpdir(), "smart-mla-errors-"));
      const folder = join(scratch, "state");
      mkdirSync(folder);
      try {
        const command = [process.execPath, writer, join(folder, "data.db"), String(options.transactions)];
        const inject = ["-e", `inject=${injection}`];
        const { calls, injected } = await recordCalls({ strace: options.strace, command, folder: scratch, inject });
        const found = replayCuts({
          calls,
          folder,
          cuts: options.cuts,
          random: seededRandom(options.seed),
          names: "as ext4",
          look,
        });
        cuts += found.cuts;
        lost += found.lost;
        corrupt += found.corrupt;
        failures += injected;
      } finally {
        rmSync(scratch, { recursive: true, force: true });
      }
    }
    const kept = who === "agent" ? "said to be kept" : "receipted";
    claims.push(
      atMost(`write-errors: rows that the ${who} ${kept} and lost, ${cuts} cuts`, lost, 0),
      atMost(`write-errors: databases of the ${who} broken`, corrupt, 0),
      atLeast(`write-errors: calls of the ${who} that failed (at least)`, failures, options.transactions / 10),
    );
  }
  return claims;
}

function lookAtAggregator(folder: string, said: readonly string[]): AfterCut {
  const db = new Database(join(folder, "data.db"));
  try {
    db.pragma("journal_mode = WAL");
    const corrupt = db.pragma("integrity_check(1)", { simple: true }) !== "ok";
    const [boot, seq] = said.at(-1)?.split(" ") ?? [];
    if (boot === undefined) return { lost: 0, corrupt };
    const there = db.prepare<[string, number], { n: number }>("select count(*) as n from item where boot = ? and seq <= ?");
    return { lost: Number(seq) - (there.get(boot, Number(seq))?.n ?? 0), corrupt };
  } finally {
    db.close();
  }
}
