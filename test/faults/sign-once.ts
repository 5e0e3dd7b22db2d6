import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { seededRandom } from "../fuzz/mutate.ts";

const home = fileURLToPath(new URL("signing-home.ts", import.meta.url));
const mostLines = 8;

/**
 * kill -9 of a home while it signs records that are proposed with another body each time, in turn while it signs and after
 * it has answered: of all that ever left the house no number has two bodies, and what was journalled before the kill is signed after it.
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
  const run = async (file: string, at: "signing" | "signed"): Promise<"full" | "killed"> => {
    const child = spawn(process.execPath, [home, file], { stdio: ["ignore", "pipe", "inherit"] });
    using late = new DisposableStack();
    late.defer(() => void child.kill("SIGKILL"));
    let said = "";
    const lines = (): string[] => said.split("\n").slice(0, -1);
    const enough = Promise.withResolvers<void>();
    const least = 1 + Math.floor(random() * mostLines);
    child.stdout.on("data", (bytes) => {
      said += String(bytes);
      if (lines().length >= least && lines().at(-1)?.startsWith(at)) enough.resolve();
    });
    const closed = once(child, "close");
    await Promise.race([closed, enough.promise]);
    child.kill("SIGKILL");
    await closed;
    const answers = lines().filter((line) => line !== "signing");
    if (answers[0] === "found journalled") between++;
    for (const line of answers) {
      const [kind, seq, digest = ""] = line.split(" ");
      if (kind !== "signed") continue;
      signatures++;
      const known = bodies.get(`${database} ${seq}`) ?? new Set();
      bodies.set(`${database} ${seq}`, known.add(digest));
    }
    // The journalled record comes right after the body that is refused.
    const [, refused, again] = answers;
    if (refused?.startsWith("disputed") && again !== undefined && !again.startsWith("signed")) unanswered++;
    return answers.includes("full") ? "full" : "killed";
  };
  for (let kill = 0; kill < options.kills; kill++) {
    const ended = await run(join(folder, `${database}.db`), kill % 2 === 0 ? "signing" : "signed");
    if (ended === "full") database++;
  }
  const twice = [...bodies.values()].filter(({ size }) => size > 1).length;
  return [
    atMost(`sign-once: numbers signed with two bodies, of ${bodies.size}, over ${options.kills} kills`, twice, 0),
    atMost("sign-once: journalled records that were not signed after a kill", unanswered, 0),
    atLeast("sign-once: kills between journal and signature (control, at least)", between, options.kills / 4),
    atLeast("sign-once: signatures that left the house (at least)", signatures, options.kills / 2),
  ];
}
