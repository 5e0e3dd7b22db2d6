import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { coverageOf, passedTests } from "../contracts/forge-suite.ts";
import { forgeBinary, runForge, smallCounts, stageForge } from "../contracts/run-forge.ts";

const forge = forgeBinary();
const folder = mkdtempSync(join(tmpdir(), "smart-mla-forge-"));
beforeAll(() => stageForge(folder));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(!forge)(`the contract under forge${forge ? "" : " (skipped: @foundry-rs/forge is not installed)"}`, () => {
  const run = (...args: string[]) => runForge(forge ?? "", folder, args, smallCounts);

  it("passes its tests, fuzz and invariants, with 95 % of lines and 90 % of branches run", { timeout: 300_000 }, async () => {
    const tested = await run("coverage", "--report", "summary");
    expect(tested.ok, tested.output.slice(-4000)).toBe(true);
    expect(passedTests(tested)).toBeGreaterThanOrEqual(45);
    const { lines, branches } = coverageOf(tested);
    expect(lines).toBeGreaterThanOrEqual(0.95);
    expect(branches).toBeGreaterThanOrEqual(0.9);
  });
});
