import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { openStore } from "../../../aggregator/store/open-store.ts";
import { OutlookFile } from "../../../market/wholesale/outlook-file.ts";
import { runCli } from "../../fake/run-cli.ts";
import { aggregatorFiles } from "./aggregator-files.ts";

const hourMs = 3_600_000;
const quarter = (hours: number): string =>
  new Date(Math.ceil(Date.now() / hourMs) * hourMs + hours * hourMs).toISOString().replace(".000Z", "Z");
const prices = ["--short", "220000", "--long", "40000"];

async function stored(): Promise<string> {
  const config = aggregatorFiles();
  const store = await openStore({ engine: "sqlite", file: join(dirname(config), "state", "data.db") });
  await store.close();
  return config;
}
const ask = (config: string, ...args: string[]) => runCli(["aggregator", "outlook", "-c", config, ...args]);

it("prints what market wholesale bid reads, and says that nothing is planned yet", async () => {
  const { code, out, err } = await ask(await stored(), "--from", quarter(1), "--to", quarter(3), ...prices);
  expect(code).toBe(0);
  const outlook = OutlookFile.parse(JSON.parse(out));
  expect(outlook.participant).toBe("community");
  expect(outlook.products).toHaveLength(8);
  expect(outlook.products[0]).toMatchObject({ short: "220000", long: "40000", position_wh: 0 });
  expect(err).toMatch(/"unplanned":8,"of":8/);
});

it.each<[string, string[], RegExp]>([
  [
    "times that are no quarters",
    ["--from", "2999-01-01T00:07:00Z", "--to", "2999-01-01T01:00:00Z", ...prices],
    /^usage-bad-time: /,
  ],
  [
    "a time that has begun",
    ["--from", "2026-01-01T00:00:00Z", "--to", "2026-01-01T01:00:00Z", ...prices],
    /^usage-bad-time: .*begun/,
  ],
  ["an end before the start", ["--from", quarter(3), "--to", quarter(1), ...prices], /^usage-bad-time: /],
  ["more than two days", ["--from", quarter(1), "--to", quarter(50), ...prices], /^usage-bad-time: .*48 h/],
  [
    "a price that is none",
    ["--from", quarter(1), "--to", quarter(2), "--short", "0.22", "--long", "1"],
    /^market-bad-outlook: short/,
  ],
  [
    "a surplus dearer than a shortage",
    ["--from", quarter(1), "--to", quarter(2), "--short", "1", "--long", "2"],
    /^market-bad-outlook: short/,
  ],
])("refuses %s", async (_, args, said) => {
  const { code, out, err } = await ask(await stored(), ...args);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toMatch(said);
});

it("says where there is no database", async () => {
  const { code, err } = await ask(aggregatorFiles(), "--from", quarter(1), "--to", quarter(2), ...prices);
  expect(code).not.toBe(0);
  expect(err).toMatch(/^store-unusable: no database /);
});
