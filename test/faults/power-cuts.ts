import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { openSound } from "../../agent/store/open-sound.ts";
import { seededRandom } from "../fuzz/mutate.ts";
import { recordCalls } from "./record-calls.ts";
import { replayCuts, type AfterCut, type CutsResult } from "./replay-cuts.ts";

const writer = fileURLToPath(new URL("store-writer.ts", import.meta.url));

/**
 * Power cuts during the writes of the agent's store: no acknowledged row is lost and no database is broken. The same with
 * synchronous=NORMAL must lose some, or the cuts are too gentle to say anything.
 */
export async function powerCuts(options: { cuts: number; transactions: number; seed: number; strace: string }): Promise<Claim[]> {
  const run = async (synchronous: "FULL" | "NORMAL"): Promise<CutsResult> => {
    const scratch = mkdtempSync(join(tmpdir(), "smart-mla-power-"));
    const folder = join(scratch, "state");
    mkdirSync(folder);
    try {
      const command = [process.execPath, writer, join(folder, "data.db"), String(options.transactions), synchronous];
      const { calls } = await recordCalls({ strace: options.strace, command, folder: scratch });
      return replayCuts({ calls, folder, cuts: options.cuts, random: seededRandom(options.seed), look: lookAtAgent });
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  };
  const full = await run("FULL");
  const normal = await run("NORMAL");
  return [
    atMost(`power-cuts: rows lost in ${full.cuts} cuts`, full.lost, 0),
    atMost(`power-cuts: databases broken in ${full.cuts} cuts`, full.corrupt, 0),
    atLeast(`power-cuts: losing cuts with synchronous=NORMAL (control, at least), of ${normal.cuts}`, normal.losing, 1),
  ];
}

/** Opens what the cut left as the agent does at its start; `said` are the lines of store-writer.ts. */
export function lookAtAgent(folder: string, said: readonly string[]): AfterCut {
  const { db, setAside } = openSound(join(folder, "data.db"), 0);
  try {
    const whole = db.pragma("integrity_check(1)", { simple: true }) === "ok";
    return { lost: lostRows(db, said), corrupt: setAside !== null || !whole };
  } finally {
    db.close();
  }
}

function lostRows(db: ReturnType<typeof openSound>["db"], said: readonly string[]): number {
  const newest = new Map<string, { rows: number; samples: number }>();
  for (const line of said) {
    const [run = "", rows, , samples] = line.split(" ");
    newest.set(run, { rows: Number(rows), samples: Number(samples) });
  }
  let lost = 0;
  for (const [run, { rows, samples }] of newest) {
    const boot = db
      .prepare<[string], { last: number; delivered: number }>(
        "select last_seq as last, delivered_seq as delivered from boot where id = ?",
      )
      .get(run) ?? { last: 0, delivered: 0 };
    const waiting = db.prepare<[string, number], { n: number }>("select count(*) as n from outbox where boot = ? and seq <= ?");
    // Only rows that were receipted may be gone.
    lost += Math.max(0, rows - Math.min(boot.delivered, rows) - (waiting.get(run, rows)?.n ?? 0));
    const kept = db.prepare<[number], { n: number }>("select count(*) as n from sample where at_ms <= ?").get(samples * 1000);
    lost += samples - (kept?.n ?? 0);
  }
  return lost;
}
