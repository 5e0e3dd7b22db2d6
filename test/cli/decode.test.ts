import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { cliEntry, runCli } from "../fake/run-cli.ts";
import { dsmr5Lines, telegram } from "../fake/p1-telegram.ts";
import { scratch } from "../fake/scratch.ts";

const good = telegram(dsmr5Lines);

/** Runs decode on standard input, and reads its output as slowly as asked. */
async function piped(chunks: readonly Buffer[], options: { everyMs?: number; readAfterMs?: number } = {}) {
  const child = spawn(process.execPath, [cliEntry, "decode", "-"], { stdio: ["pipe", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  let [out, err] = ["", ""];
  child.stderr.on("data", (bytes: Buffer) => (err += bytes.toString()));
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  for (const chunk of chunks) {
    await wait(options.everyMs ?? 0);
    child.stdin.write(chunk);
  }
  child.stdin.end();
  await wait(options.readAfterMs ?? 0);
  child.stdout.on("data", (bytes: Buffer) => (out += bytes.toString()));
  return { code: await ended, lines: out.split("\n").filter((line) => line !== ""), err };
}

it("reads standard input that comes slowly and in pieces", async () => {
  const { code, lines, err } = await piped([good.subarray(0, 300), good.subarray(300), good], { everyMs: 150 });
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(lines.map((line) => (JSON.parse(line) as { integrity: string }).integrity)).toEqual(["valid", "valid"]);
});

it("loses no line to a reader that is slow", { timeout: 60_000 }, async () => {
  const { lines } = await piped([Buffer.concat(Array.from({ length: 800 }, () => good))], { readAfterMs: 1500 });
  expect(lines).toHaveLength(800);
});

it("is done with a long capture of nothing in a moment", { timeout: 30_000 }, async () => {
  const folder = scratch("decode");
  for (const [name, text] of [
    ["parity", Buffer.from("\xafABCx", "latin1")],
    ["starts", Buffer.from("/ABC")],
  ] as const) {
    writeFileSync(join(folder, name), Buffer.concat(Array.from({ length: 250_000 }, () => text)));
    expect((await runCli(["decode", join(folder, name)])).code).toBe(1);
  }
});

it.each<[string, string[], string]>([
  ["a file that is not there", ["decode", "/no/such/file"], "input-unreadable"],
  ["a folder", ["decode", "/tmp"], "input-unreadable"],
  ["what never ends", ["decode", "/dev/zero"], "input-unreadable"],
  ["a key that is none", ["decode", "--key", "00", cliEntry], "meter-key-unreadable"],
  ["an authentication key alone", ["decode", "--auth-key", "00".repeat(16), cliEntry], "usage-missing-option"],
  ["a family that is not known", ["decode", "--map", "abacus", "--start", "0", cliEntry], "usage-unknown-family"],
  ["an answer without its first address", ["decode", "--map", "sdm630", cliEntry], "usage-missing-option"],
])("refuses %s", async (_, args, code) => {
  expect(await runCli(args)).toMatchObject({ code: 2, out: "", err: expect.stringContaining(code) });
});

it("reads hex with comments, and says what is no hex", async () => {
  const folder = scratch("decode");
  writeFileSync(join(folder, "a.hex"), `# captured\n${good.toString("hex").replaceAll(/../g, "$& ")}\n`);
  writeFileSync(join(folder, "b.hex"), "00 1x");
  writeFileSync(join(folder, "c.hex"), "001");
  expect((await runCli(["decode", join(folder, "a.hex")])).code).toBe(0);
  for (const name of ["b.hex", "c.hex"]) expect((await runCli(["decode", join(folder, name)])).err).toContain("input-no-hex");
});
