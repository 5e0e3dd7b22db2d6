import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openStore } from "../../../aggregator/store/open-store.ts";
import { runCli } from "../../fake/run-cli.ts";
import { scratch } from "../../fake/scratch.ts";

/** A folder with the configuration of two homes, one of them on a feeder. */
function place(feeder = "elm: { import_limit_w: 5000, sites: [gw-1] }") {
  const folder = scratch("control");
  const config = join(folder, "aggregator.yaml");
  writeFileSync(
    config,
    `version: 1
id: community
broker: { url: "mqtt://127.0.0.1:1883" }
control_key_file: control.json
sites: { gw-1: {}, gw-2: {} }
feeders: { ${feeder} }
prices_file: prices.json
storage: { path: state/data.db }
`,
  );
  mkdirSync(join(folder, "state"));
  return {
    run: (...words: string[]) => runCli(["aggregator", ...words, "-c", config]),
    async words() {
      const store = await openStore({ engine: "sqlite", file: join(folder, "state", "data.db") });
      const found = await store.wordsAt(Date.now());
      await store.close();
      return found;
    },
  };
}

it("writes what an operator says where the running aggregator finds it, and takes it back", { timeout: 60_000 }, async () => {
  const { run, words } = place();
  expect(await run("pause", "feeder", "elm")).toMatchObject({
    code: 0,
    out: "feeder elm is paused until smart-mla aggregator resume",
  });
  const reduced = await run("reduce", "all", "--for", "2h", "--json");
  const { word, scope, name, at, until } = JSON.parse(reduced.out) as Record<string, string>;
  expect([word, scope, name]).toEqual(["reduce", "all", null]);
  expect(Math.abs(Date.parse(until ?? "") - Date.parse(at ?? "") - 7_200_000)).toBeLessThan(1000);
  expect((await words()).map((one) => [one.word, one.scope])).toEqual([
    ["pause", { kind: "feeder", name: "elm" }],
    ["reduce", { kind: "all" }],
  ]);
  expect(await run("resume", "home", "gw-1")).toMatchObject({
    code: 1,
    out: expect.stringContaining("nothing was said about home gw-1\nstill: pause feeder elm"),
  });
  expect(await run("resume", "all")).toMatchObject({ code: 0, out: expect.stringContaining("everything is planned again") });
  expect((await words()).map((one) => one.word)).toEqual(["pause"]);
  expect(await run("limit", "elm", "3000")).toMatchObject({
    code: 0,
    out: expect.stringContaining("has the limit 3000 W until"),
  });
  expect((await words()).map((one) => one.limitW)).toEqual([null, 3000]);
  expect((await run("resume", "feeder", "elm")).code).toBe(0);
  expect(await words()).toEqual([]);
});

it.each([
  ["a home that is not there", ["pause", "home", "gw-3"], "control-unknown"],
  ["a feeder that is not there", ["reduce", "feeder", "oak"], "control-unknown"],
  ["a name where all are meant", ["pause", "all", "gw-1"], "control-unknown"],
  ["a home without a name", ["resume", "home"], "control-unknown"],
  ["a limit of a feeder that is not there", ["limit", "oak", "3000"], "control-unknown"],
  ["a reduction of a week", ["reduce", "all", "--for", "7d"], "control-bad-time"],
])("refuses %s", async (_, words, code) => {
  expect(await place().run(...words)).toMatchObject({ code: 2, err: expect.stringContaining(code) });
});

it("says where a feeder names a home that is not there, or a zone that nobody knows", async () => {
  const { run } = place("elm: { import_limit_w: 5000, timezone: Nowhere, sites: [gw-1, gw-9, gw-1] }");
  const { code, err } = await run("config", "check");
  expect(code).toBe(2);
  expect(err).toContain('feeders.elm.sites.1 site "gw-9" is not one of sites');
  expect(err).toContain('feeders.elm.sites.2 site "gw-1" is there twice');
  expect(err).toContain("feeders.elm.timezone an IANA time zone");
});
