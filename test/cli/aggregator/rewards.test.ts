import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openStore } from "../../../aggregator/store/open-store.ts";
import { runCli } from "../../fake/run-cli.ts";
import { scratch } from "../../fake/scratch.ts";

const startMs = Date.parse("2026-03-01T23:00:00Z");
const agreement = `0x${"7e".repeat(32)}`;
const plan = "00000000-0000-4000-8000-000000000001";

/** A folder with a configuration and a database that holds the rewards of a day. */
async function place(): Promise<string> {
  const folder = scratch("rewards");
  const config = join(folder, "aggregator.yaml");
  writeFileSync(
    config,
    `
version: 1
id: community
broker: { url: "mqtt://127.0.0.1:1883" }
control_key_file: control.json
sites: { gw-1: {}, gw-2: {} }
prices_file: prices.json
storage: { path: state/data.db }
`,
  );
  mkdirSync(join(folder, "state"));
  const store = await openStore({ engine: "sqlite", file: join(folder, "state", "data.db") });
  const day = { startMs, endMs: startMs + 86_400_000, agreement };
  const slots = [{ start: "2026-03-01T23:15:00Z", end: "2026-03-01T23:30:00Z", baselineWh: 2, meteredWh: 1, perKwh: "5" }];
  const event = { plan, resource: "car", meter: "car", baseline: "charge_now" as const };
  await store.addRewards(
    [
      {
        ...day,
        site: "gw-1",
        earned: 600_000n,
        amount: 225_000n,
        evidence: { fundedPpm: 500_000, events: [{ ...event, slots }] },
      },
      { ...day, site: "gw-2", earned: -30_000n, amount: 0n, evidence: null },
    ],
    1,
    [{ startMs: day.startMs, endMs: day.endMs, source: "avoided costs", micro: 300_000n }],
  );
  const rest = { agreement, powerW: 8000, overridden: true, excused: false };
  await store.addEvent({ ...event, ...rest, site: "gw-1", startMs: startMs + 900_000, endMs: startMs + 1_800_000 });
  await store.savePlans("gw-1", [{ plan, resource: "car", instructions: [] }], 1);
  await store.answerPlan("gw-1", plan, "ACCEPTED", null);
  await store.close();
  return config;
}
const time = ["--from", "2026-03-01T00:00:00Z", "--to", "2026-04-01T00:00:00Z"];

it("says what homes got for their flexibility, and what that was paid from", async () => {
  const config = await place();
  const { code, out } = await runCli(["aggregator", "rewards", "-c", config, ...time, "--events"]);
  expect(code).toBe(0);
  expect(out.split("\n")).toEqual([
    `gw-1  2026-03-01T23:15:00.000Z to 2026-03-01T23:30:00.000Z  car  plan ${plan}  overridden`,
    "gw-1  2026-03-01T23:00:00.000Z  0.22 of 0.60 earned by 1 events, funded to 50.0 %",
    "gw-2  2026-03-01T23:00:00.000Z  0.00 of -0.03 earned by 0 events",
    "income  2026-03-01T23:00:00.000Z  0.30  avoided costs",
    "0.22 in rewards, from 0.30 that flexibility brought in",
  ]);
});

it("says it of one home, and to programs", async () => {
  const config = await place();
  const { out } = await runCli(["aggregator", "rewards", "-c", config, ...time, "--site", "gw-2"]);
  expect(out.split("\n")).toEqual(["gw-2  2026-03-01T23:00:00.000Z  0.00 of -0.03 earned by 0 events", "0.00 in rewards"]);
  const json = await runCli(["aggregator", "rewards", "-c", config, ...time, "--json"]);
  expect(JSON.parse(json.out)).toMatchObject({
    rewards: [{ site: "gw-1", amount: "225000", plans: [plan] }, { site: "gw-2" }],
    income: [{ source: "avoided costs", micro: "300000" }],
  });
});

it.each([
  [["--from", "yesterday", "--to", "2026-04-01T00:00:00Z"], "usage-bad-time"],
  [
    ["--from", "2026-04-02T00:00:00Z", "--to", "2026-04-01T00:00:00Z"],
    "usage-bad-time: --from 2026-04-02T00:00:00Z is not before",
  ],
  [[...time, "--site", "gw-9"], "unknown-site"],
])("refuses %j", async (args, code) => {
  const { code: exit, err } = await runCli(["aggregator", "rewards", "-c", await place(), ...args]);
  expect(exit).not.toBe(0);
  expect(err).toContain(code);
});
