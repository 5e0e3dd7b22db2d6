import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atLeast, report } from "../../bench/report.ts";
import { type Mutant, mutants } from "./mutants.ts";
import { forgeBinary, runForge, mutantCounts, stageForge } from "./run-forge.ts";

/**
 * `npm run test:mutants [-- --json] [--only TEXT]`: puts one mistake after the other into a copy of the contract and runs the
 * Solidity tests. A mistake that no test notices is a failure. Prints a Markdown table.
 */

/** What became of a mutant: which tests failed, or that it does not compile. */
interface Verdict {
  mutant: Mutant;
  by: string[];
}

const forge = forgeBinary();
if (!forge) throw new Error("@foundry-rs/forge is not installed; run npm ci");
const at = process.argv.indexOf("--only");
const wanted = mutants.filter(({ name }) => at < 0 || name.includes(process.argv[at + 1] ?? ""));
const source = (file: string): string => readFileSync(new URL(`../../settlement/contracts/${file}`, import.meta.url), "utf8");

const mutated = ({ name, file, from, to }: Mutant): string => {
  const [before, after, ...more] = source(file).split(from);
  if (before === undefined || after === undefined || more.length > 0)
    throw new Error(`mutant "${name}": its text must occur exactly once in ${file}`);
  return before + to + after;
};
for (const mutant of wanted) mutated(mutant);

/** Half of the work on each of two cores, each in a folder of its own. */
const lanes = [0, 1].map((lane) => wanted.filter((_, index) => index % 2 === lane));
const runLane = async (lane: readonly Mutant[]): Promise<Verdict[]> => {
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-mutants-"));
  stageForge(folder);
  const verdicts: Verdict[] = [];
  for (const mutant of lane) {
    const place = join(folder, "settlement", mutant.file);
    writeFileSync(place, mutated(mutant));
    const { ok, output } = await runForge(forge, folder, ["test"], mutantCounts);
    writeFileSync(place, source(mutant.file));
    const failed = [...new Set([...output.matchAll(/^\[FAIL[^\n]*?\] (\w+)\(/gm)].map(([, test]) => test ?? ""))];
    if (!ok && failed.length === 0 && !/invariant_/.test(output))
      throw new Error(`"${mutant.name}" does not run:\n${output.slice(-1500)}`);
    const by = failed.length > 0 || ok ? failed : ["an invariant"];
    verdicts.push({ mutant, by });
    process.stderr.write(`${by.length > 0 ? "killed" : "ALIVE "} ${mutant.name}\n`);
  }
  rmSync(folder, { recursive: true });
  return verdicts;
};
const verdicts = (await Promise.all(lanes.map(runLane))).flat();
console.log("| mutant | in | noticed by |\n| --- | --- | --- |");
for (const { mutant, by } of verdicts)
  console.log(
    `| ${mutant.name} | ${mutant.file} | ${by.slice(0, 3).join(", ") || "**nobody**"}${by.length > 3 ? `, and ${by.length - 3} more` : ""} |`,
  );
const killed = verdicts.filter(({ by }) => by.length > 0).length;
report(
  [{ mutants: verdicts.length, killed }],
  [atLeast("mutants", verdicts.length, at < 0 ? 30 : 1), atLeast("mutants killed, %", (100 * killed) / verdicts.length, 100)],
  process.argv,
);
