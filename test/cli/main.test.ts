import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cliEntry, runCli } from "../fake/run-cli.ts";
import { scratch } from "../fake/scratch.ts";

it("says which Node it needs instead of failing somewhere in the middle", async () => {
  const older = join(scratch("main"), "older.mjs");
  writeFileSync(older, 'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.19.0" } });');
  const { code, out, err } = await runCli(["config", "schema"], { command: [process.execPath, "--import", older, cliEntry] });
  expect([code, out, err]).toEqual([2, "", expect.stringMatching(/^node-too-old: this is Node 18\.19\.0, Node 24 or later/)]);
});
