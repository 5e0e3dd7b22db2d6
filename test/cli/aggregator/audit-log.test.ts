import { userInfo } from "node:os";
import { expect, it } from "vitest";
import { runProgram } from "../../fake/run-program.ts";
import { aggregatorFiles } from "./aggregator-files.ts";

const ok = async (...args: string[]): Promise<string> => {
  const { code, out, err } = await runProgram(args);
  expect([code, err]).toEqual([0, ""]);
  return out;
};

it("says who did what by the command line, and nothing of what was refused or led to nothing", async () => {
  const file = aggregatorFiles();
  const c = ["-c", file];
  await ok("aggregator", "pause", "home", "gw-1", ...c);
  const made = JSON.parse(await ok("aggregator", "token", "create", "household", "--site", "gw-1", "--json", ...c)) as {
    id: string;
    token: string;
  };
  await ok("aggregator", "resume", "home", "gw-1", ...c);
  expect((await runProgram(["aggregator", "resume", "home", "gw-1", ...c])).code).toBe(1);
  await ok("aggregator", "limit", "elm", "9000", ...c);
  await ok("aggregator", "reduce", "all", ...c);
  await ok("aggregator", "token", "revoke", made.id, ...c);
  expect((await runProgram(["aggregator", "token", "revoke", "nobody", ...c])).code).toBe(2);
  const out = await ok("aggregator", "audit-log", "--json", ...c);
  const { items } = JSON.parse(out) as { items: { who: string; action: string; site: string | null; detail: object }[] };
  expect(items.map(({ action, site }) => [action, site])).toEqual([
    ["control.pause", "gw-1"],
    ["token.create", "gw-1"],
    ["control.resume", "gw-1"],
    ["control.limit", null],
    ["control.reduce", null],
    ["token.revoke", null],
  ]);
  expect(items[3]?.detail).toMatchObject({ scope: "feeder", name: "elm", limitW: 9000, until: null });
  const user = process.env["SUDO_USER"] ?? userInfo().username;
  expect(new Set(items.map(({ who }) => who))).toEqual(new Set([`cli ${user}`]));
  // Secrets are no business of a log.
  expect(out).not.toContain(made.token);
  const lines = (await ok("aggregator", "audit-log", "--site", "gw-1", "--last", "2", ...c)).trim().split("\n");
  expect(lines.map((line) => line.split(/ {2,}/)[3])).toEqual(["token.create", "control.resume"]);
});
