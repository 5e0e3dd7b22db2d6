import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { seededRandom } from "../fuzz/mutate.ts";

const home = fileURLToPath(new URL("signing-home.ts", import.meta.url));
/** In turn: the first signature is the slowest, so short runs end in the middle of it, and long ones have many. */
const longestRunsMs = [40, 250];

/**
 * kill -9 of a home while it signs records that are proposed with another body each time, at random moments: of all that
 * ever left the house no number has two bodies, and what was journalled before the kill is signed after it.
 */
export async function signOnce(options: { kills: number; seed: number }): Promise<Claim[]> {
  const random = seededRandom(options.seed);
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-sign-"));
  using opened = new DisposableStack();
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const bodies = new Map<string, Set<string>>();
  let signatures = 0;
  let between = 0;
  let unanswered = 0;
  let database = 0;
  const run = async (file: string, longestMs: number): Promise<"full" | "killed"> => {
    const child = spawn(process.execPath, [home, file], { stdio: ["ignore", "pipe", "inherit"] });
    using late = new DisposableStack();
    late.defer(() => void child.kill("SIGKILL"));
    let said = "";
    child.stdout.on("data", (bytes) => (said += String(bytes)));
    const closed = once(child, "close");
    await Promise.race([once(child.stdout, "data"), closed]);
    await Promise.race([closed, delay(random() * longestMs)]);
    child.kill("SIGKILL");
    await closed;
    const lines = said.split("\n").slice(0, -1);
    if (lines[0] === "found journalled") between++;
    for (const line of lines) {
      const [kind, seq, digest = ""] = line.split(" ");
      if (kind !== "signed") continue;
      signatures++;
      const known = bodies.get(`${database} ${seq}`) ?? new Set();
      bodies.set(`${database} ${seq}`, known.add(digest));
    }
    // The journalled record comes right after the body that is refused.
    const [, refused, again] = lines;
    if (refused?.startsWith("disputed") && again !== undefined && !again.startsWith("signed")) unanswered++;
    return lines.includes("full") ? "full" : "killed";
  };
  for (let kill = 0; kill < options.kills; kill++) {
    const ended = await run(join(folder, `${database}.db`), longestRunsMs[kill % longestRunsMs.length] ?? 0);
    if (ended === "full") database++;
  }
  const twice = [...bodies.values()].filter(({ size }) => size > 1).length;
  return [
    atMost(`sign-once: numbers signed with two bodies, of ${bodies.size}, over ${options.kills} kills`, twice, 0),
    atMost("sign-once: journalled records that were not signed after a kill", unanswered, 0),
    atLeast("sign-once: kills between journal and signature (control, at least)", between, 1),
    atLeast("sign-once: signatures that left the house (at least)", signatures, options.kills),
  ];
}
