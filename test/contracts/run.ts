import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atLeast, report } from "../../bench/report.ts";
import { coverageOf, passedTests } from "./forge-suite.ts";
import { forgeBinary, nightlyCounts, runForge, smallCounts, stageForge } from "./run-forge.ts";

/**
 * `npm run test:contracts [-- --json]`: the contract's Solidity tests with the counts of a nightly run, and how much of the
 * contract they run. Exit 1 where a test fails or a claim falls short.
 */

const forge = forgeBinary();
if (!forge) throw new Error("@foundry-rs/forge is not installed; run npm ci");
const folder = mkdtempSync(join(tmpdir(), "smart-mla-forge-"));
stageForge(folder);
const tested = await runForge(forge, folder, ["test"], nightlyCounts);
const covered = await runForge(forge, folder, ["coverage", "--report", "summary"], smallCounts);
rmSync(folder, { recursive: true });
const lines = tested.output.split("\n").filter((line) => /^(\[|Ran|Suite|Encountered|Error)/.test(line));
console.log(lines.join("\n"));
const { lines: lineShare, branches } = coverageOf(covered);
const { fuzzRuns, invariantRuns, invariantDepth } = nightlyCounts;
report(
  [{ "fuzz runs": fuzzRuns, "invariant runs": invariantRuns, "calls in each": invariantDepth, passed: passedTests(tested) }],
  [
    atLeast("suites without a failure", tested.ok && covered.ok ? 1 : 0, 1),
    atLeast("lines of the contract that ran, %", lineShare * 100, 95),
    atLeast("branches of the contract that ran, %", branches * 100, 90),
  ],
  process.argv,
);
