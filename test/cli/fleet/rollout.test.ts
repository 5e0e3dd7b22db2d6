import { expect, it } from "vitest";
import { runProgram } from "../../fake/run-program.ts";
import { aggregatorFiles } from "../aggregator/aggregator-files.ts";

it.each<[string, string[], string]>([
  ["a key that is not on the list", ["site.grid.fuse_a=63"], "fleet-bad-setting"],
  ["a value beyond its bounds", ["storage.commit_every_s=300"], "fleet-bad-setting"],
  ["no pair", ["log.level"], "fleet-bad-setting"],
  ["falling stages", ["log.level=debug", "--stages", "50,10"], "fleet-bad-stages"],
  ["a trial that no heartbeat fits in", ["log.level=debug", "--trial", "10s"], "usage-bad-time"],
  ["more than all", ["log.level=debug", "--most-bad", "101"], "usage-bad-number"],
])("refuses %s", async (_, words, code) => {
  const { code: exit, err } = await runProgram(["fleet", "rollout", "start", ...words, "-c", aggregatorFiles()]);
  expect([exit, err.split(":")[0]]).toEqual([2, code]);
});

it("starts, pauses, resumes and aborts one roll-out at a time, and shows it", async () => {
  const c = ["-c", aggregatorFiles()];
  const fleet = (...words: string[]) => runProgram(["fleet", ...words, ...c]);
  expect((await fleet("show")).err).toContain("fleet-unknown");
  expect((await fleet("rollout", "start", "log.level=debug", "--stages", "40,100")).out).toContain(
    "roll-out 1 to 1, then 2 of 3 gateways",
  );
  expect((await fleet("rollout", "start", "none")).err).toContain("fleet-busy");
  expect((await fleet("rollout", "resume", "1")).err).toContain("fleet-not-so");
  expect((await fleet("rollout", "pause", "1")).out).toBe("roll-out 1 is paused\n");
  expect((await fleet("rollout", "resume", "1")).out).toBe("roll-out 1 goes on\n");
  expect((await fleet("rollout", "abort", "2")).err).toContain("fleet-unknown");
  expect(await fleet("show", "1")).toMatchObject({
    code: 0,
    out: expect.stringContaining("roll-out 1 is running, stage 1 of 2: log.level=debug"),
  });
  expect(await fleet("rollout", "abort", "1", "--json")).toMatchObject({ code: 0, out: '{"id":1,"state":"aborted"}\n' });
  expect(await fleet("show", "--json")).toMatchObject({ code: 1 });
  expect((await fleet("rollout", "start", "none")).out).toContain("roll-out 2");
  const { code, out } = await fleet("ls");
  expect([code, out.trim().split("\n").length]).toEqual([0, 3]);
  expect(out).toContain("gw-2                  silent    -         never heard");
});
