import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { openStore } from "../../../aggregator/store/open-store.ts";
import { planOf } from "../../aggregator/plans.ts";
import { message, midnightMs, sampleItem, slotItem } from "../../aggregator/rows.ts";
import { runCli } from "../../fake/run-cli.ts";
import { aggregatorFiles } from "./aggregator-files.ts";

/** An aggregator that holds more slots than one page of two homes, some readings and a plan that was refused. */
async function stored(): Promise<string> {
  const config = aggregatorFiles();
  const store = await openStore({ engine: "sqlite", file: join(dirname(config), "state", "data.db") });
  for (const site of ["gw-1", "gw-2"])
    for (let from = 0; from < 1200; from += 400)
      await store.ingest(site, message(Array.from({ length: 400 }, (_, at) => slotItem(from + at + 1, from + at, from + at))));
  await store.ingest("gw-1", message([1201, 1202].map(sampleItem)));
  const plan = planOf("boiler", 1);
  await store.savePlans("gw-1", [plan], midnightMs);
  await store.answerPlan("gw-1", plan.plan, "REJECTED", "busy", { message: '=HYPERLINK("x")', atMs: midnightMs + 5 });
  await store.close();
  return config;
}
const ask = (config: string, ...args: string[]) => runCli(["aggregator", "export", ...args, "-c", config]);
const from = ["--from", "2026-03-01T23:00:00Z"];

it("gives all slots as CSV, page after page, and those of one home and time", async () => {
  const config = await stored();
  const { code, out, err } = await ask(config, "slots", ...from);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  const [head, ...lines] = out.split("\n");
  expect(head).toBe("start,end,site,meter,role,register,energyWh,quality,clockSynced");
  expect(lines.map((line) => [line.split(",")[2], Number(line.split(",")[6])])).toEqual(
    ["gw-1", "gw-2"].flatMap((site) => Array.from({ length: 1200 }, (_, wh) => [site, wh])),
  );
  const some = await ask(config, "slots", ...from, "--to", "2026-03-01T23:30:00Z", "--site", "gw-2");
  expect(some.out.split("\n")).toEqual([
    head,
    "2026-03-01T23:00:00.000Z,2026-03-01T23:15:00.000Z,gw-2,grid,grid,import,0,valid,true",
    "2026-03-01T23:15:00.000Z,2026-03-01T23:30:00.000Z,gw-2,grid,grid,import,1,valid,true",
  ]);
});

it("gives readings as JSON lines", async () => {
  const { out } = await ask(await stored(), "readings", ...from, "--format", "json");
  expect(out.split("\n").map((line): unknown => JSON.parse(line))).toEqual([
    expect.objectContaining({ at: "2026-03-01T23:20:01.000Z", site: "gw-1", powerW: 1901, quality: "valid" }),
    expect.objectContaining({ at: "2026-03-01T23:20:02.000Z" }),
  ]);
});

it("hands no formula of a home's words to a spreadsheet", async () => {
  const config = await stored();
  const csv = await ask(config, "plans", ...from);
  expect(csv.out).toContain(`REJECTED,2026-03-01T23:00:00.005Z,busy,"'=HYPERLINK(""x"")"`);
  const json = await ask(config, "plans", ...from, "--format", "json");
  expect(JSON.parse(json.out)).toMatchObject({ message: '=HYPERLINK("x")' });
});

it.each(["events", "rewards"])("gives the names of the columns where there are no %s", async (kind) => {
  const { code, out } = await ask(await stored(), kind, ...from);
  expect(code).toBe(0);
  expect(out).toMatch(/^start,end,site,[^\n]*$/);
});

it.each([
  ["usage-bad-kind", ["records", ...from]],
  ["usage-bad-time", ["slots", "--from", "yesterday"]],
  ["usage-bad-time", ["slots", ...from, "--to", "2026-03-01T23:00:00Z"]],
  ["unknown-site", ["slots", ...from, "--site", "gw-9"]],
])("says %s to %j", async (code, args) => {
  const { code: exit, err, out } = await ask(await stored(), ...args);
  expect(exit).toBe(2);
  expect(err).toContain(code);
  expect(out).toBe("");
});

it("says so where there is no database, and makes none", async () => {
  const { code, err, out } = await ask(aggregatorFiles(), "slots", ...from);
  expect(code).toBe(2);
  expect(err).toContain("store-unusable");
  expect(out).toBe("");
});
