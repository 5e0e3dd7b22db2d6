import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeArchiveLine } from "../../../settlement/log/archive.ts";
import type { AuditReport } from "../../../settlement/audit/journal.ts";
import { runCli } from "../../fake/run-cli.ts";
import { scratch } from "../../fake/scratch.ts";
import { type AuditWorld, type DayRecord, openWorld } from "./world.ts";

let world: AuditWorld;
let records: DayRecord[];
beforeAll(async () => {
  world = await openWorld();
  records = await world.honestDay();
  await world.publishHonestly(records);
});
afterAll(() => world[Symbol.asyncDispose]());

const where = (): string[] => [
  "settlement",
  "audit",
  "--rpc",
  world.market.provider._getConnection().url,
  "--contract",
  world.market.domain.contract,
];
async function archiveFile(change?: Parameters<AuditWorld["archiveOf"]>[1]): Promise<string> {
  const file = join(scratch("archive"), "archive.jsonl");
  writeFileSync(file, (await world.archiveOf(records, change)).map((line) => `${writeArchiveLine(line)}\n`).join(""));
  return file;
}

it("exits 0 where all is good, with a line for each step; also from the bundle, with its threads", async () => {
  const file = await archiveFile();
  const { code, out, err } = await runCli([...where(), "--from-block", "0", "--records", file]);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^good +signatures +10 checked$/m);
  expect(out).toMatch(/^verdict: good$/m);
  const dist = [process.execPath, resolve("dist/main.js")];
  const bundled = await runCli([...where(), "--from-block", "0", "--records", file, "--threads", "2"], { command: dist });
  expect(bundled.out).toBe(out);
});

it("exits 1 and names place and cause where something differs", async () => {
  const file = await archiveFile((line) =>
    line.kind === "record" ? { ...line, evidence: { register: "none", slots: [] } } : line,
  );
  const lines = await runCli([...where(), "--from-block", "0", "--records", file]);
  expect(lines.code).toBe(1);
  expect(lines.out).toMatch(/^bad +amounts: record 1 of 0x[0-9a-f]{40} and 0x[0-9a-f]{40}: evidence-differs: /m);
  const json = await runCli([...where(), "--from-block", "0", "--records", file, "--json"]);
  const report = JSON.parse(json.out) as AuditReport;
  expect(report).toMatchObject({ ...world.market.domain, verdict: "bad", fromBlock: 0 });
  expect(report.findings[0]).toMatchObject({ step: "amounts", cause: "evidence-differs" });
});

it("exits 3 where something could not be seen, and where the node is away", async () => {
  const alone = await runCli([...where(), "--from-block", "0"]);
  expect(alone.code).toBe(3);
  expect(alone.out).toMatch(/^verdict: unknown$/m);
  const away = await runCli([...where().with(3, "http://127.0.0.1:9"), "--from-block", "0"]);
  expect(away).toMatchObject({ code: 3, out: "" });
  expect(away.err).toMatch(/^chain-unreachable: /);
});

it.each<[string, (file: string) => string[], RegExp]>([
  ["an archive that is none", (file) => ["--from-block", "0", "--records", file], /^archive-malformed: .*archive\.jsonl:2 /],
  ["an archive that is not there", (file) => ["--from-block", "0", "--records", `${file}.none`], /^input-unreadable: /],
  ["no block to begin with", () => [], /--from-block/],
  ["a block that is none", () => ["--from-block", "x"], /^usage-bad-number: --from-block/],
  ["a last block before the first", () => ["--from-block", "5", "--to-block", "4"], /^usage-bad-number: --to-block/],
])("exits 2 for %s", async (_, args, message) => {
  const file = join(scratch("archive"), "archive.jsonl");
  writeFileSync(file, `\n{"v":1,"kind":"bill"}\n`);
  const { code, out, err } = await runCli([...where(), ...args(file)]);
  expect({ code, out }).toEqual({ code: 2, out: "" });
  expect(err).toMatch(message);
});
