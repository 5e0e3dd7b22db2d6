import { randomUUID } from "node:crypto";
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { aggregatorConfigFromYaml } from "../../../aggregator/config/aggregator-config.ts";
import { AggregatorYaml } from "../../../aggregator/config/schema.ts";
import { startAggregator } from "../../../aggregator/main.ts";
import { realClock } from "../../../core/clock/real-clock.ts";
import { createControlKey } from "../../../core/envelope.ts";
import { openStore } from "../../../aggregator/store/open-store.ts";
import { scratch } from "../../fake/scratch.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { testBroker } from "../../fake/test-broker.ts";
import { until } from "../../fake/until.ts";
import { boiler, statusOf } from "../plans.ts";
import { message, slotItem } from "../rows.ts";

const root = join(import.meta.dirname, "../../..");
const site = "gw-elderberry-17";

/** A running aggregator with one home that has said everything once, and lies once. */
async function observed() {
  const folder = scratch("observed");
  const broker = await testBroker();
  writeFileSync(join(folder, "control.json"), JSON.stringify((await createControlKey("control-1")).privateJwk));
  const prices = { v: 1, currency: "EUR", stepS: 3600, importPerKwh: Array(48).fill("1"), exportPerKwh: Array(48).fill("1") };
  const start = new Date(Math.floor(Date.now() / 86_400_000) * 86_400_000).toISOString();
  writeFileSync(join(folder, "prices.json"), JSON.stringify([{ ...prices, start }]));
  const yaml = AggregatorYaml.parse({
    version: 1,
    id: "community",
    broker: { url: broker.url },
    control_key_file: "control.json",
    sites: { [site]: {} },
    feeders: { elderberry_street: { import_limit_w: 20_000, sites: [site] } },
    prices_file: "prices.json",
    storage: { path: "data.db" },
    http: { listen: "127.0.0.1:0", open: true },
    metrics: { listen: "127.0.0.1:0" },
  });
  const aggregator = await startAggregator({
    config: aggregatorConfigFromYaml(yaml, folder),
    clock: realClock({ onError: () => undefined }),
    log: silentLog(),
    version: "0",
  });
  onTestFinished(() => aggregator.stop());
  const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${aggregator.metricsPort}/metrics`)).text();
  const { client } = await broker.listen(`sma/1/community/${site}/dn/receipt`);
  const say = (rest: string, body: unknown) =>
    client.publishAsync(`sma/1/community/${site}/up/${rest}`, typeof body === "string" ? body : JSON.stringify(body), { qos: 1 });
  return { folder, aggregator, metrics, say };
}

it("serves figures of what homes do, and names none of them", { timeout: 60_000 }, async () => {
  const { folder, aggregator, metrics, say } = await observed();
  await say("state", { v: 1, state: "ready", boot: randomUUID() });
  await say("resource/boiler", { ...boiler, resource: "elderberry_boiler" });
  await say("status/boiler", { ...statusOf("elderberry_boiler", 0), powerW: 1234 });
  await say("meter", message([slotItem(1, 0, 250)]));
  await say("ack/x", "elderberry is no JSON");
  await say("elderberry", {});
  await until("all of it was counted", async () => {
    const text = await metrics();
    return ['smart_mla_energy_wh_total{register="import"} 250', 'smart_mla_refusals_total{code="intake-not-json"} 1'].every(
      (line) => text.includes(line),
    );
  });
  await until(
    "a plan for the feeder was made",
    async () => /smart_mla_plan_seconds_count\{scope="feeder"\} [1-9]/.test(await metrics()),
    30_000,
  );
  const text = await metrics();
  for (const line of [
    'smart_mla_homes{state="ready"} 1',
    "smart_mla_controlled_power_watts 1234",
    'smart_mla_gateways{config="silent"} 1',
    "smart_mla_receipt_seconds_count 1",
  ])
    expect(text).toContain(line);
  expect(text).toMatch(/smart_mla_database_seconds_count [1-9]/);
  expect(text).not.toMatch(/elderberry/i);
  expect((await fetch(`${aggregator.apiUrl}/metrics`)).headers.get("content-type")).toContain("text/plain");
  expect((await fetch(`http://127.0.0.1:${aggregator.metricsPort}/v1/sites`)).status).toBe(404);
  // What somebody does in another process is told here.
  const events = await fetch(`${aggregator.apiUrl}/v1/events`);
  const reader = events.body?.pipeThrough(new TextDecoderStream()).getReader();
  const other = await openStore({ engine: "sqlite", file: join(folder, "data.db") });
  await other.audited(
    (part) => part.addWord({ word: "pause", scope: { kind: "all" }, atMs: Date.now(), untilMs: null, limitW: null }),
    () => ({ atMs: Date.now(), who: "cli ann", action: "control.pause", site: null, detail: {} }),
  );
  await other.close();
  let heard = "";
  while (!heard.includes("event: operator")) heard += (await reader?.read())?.value ?? "";
  expect(heard).toContain('"who":"cli ann","action":"control.pause"');
  await reader?.cancel();
});

it(
  "has each metric that the dashboards and the reference name, with its labels, and the reference has all",
  { timeout: 30_000 },
  async () => {
    const { metrics } = await observed();
    const text = await metrics();
    const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = "", type = ""]) => [name, type]));
    const names = new Set(
      [...types].flatMap(([name, type]) =>
        type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => name + end) : [name],
      ),
    );
    const boards = globSync("deploy/grafana/*.json", { cwd: root }).map((file) => readFileSync(join(root, file), "utf8"));
    expect(boards.length).toBe(2);
    const page = readFileSync(join(root, "docs/reference/metrics.md"), "utf8");
    const rows = [...page.matchAll(/^\| `(smart_mla_\w+)` +\| (\w+) +\| ([^|]*)\|/gm)];
    const labelsOf = new Map(
      rows.map(([, name = "", , labels = ""]) => [name, [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label)]),
    );
    expect(new Map(rows.map(([, name, type]) => [name, type]))).toEqual(types);
    const expressions = boards.flatMap((board) =>
      (JSON.parse(board) as { panels: { targets: { expr: string }[] }[] }).panels.flatMap(({ targets }) =>
        targets.map(({ expr }) => expr),
      ),
    );
    expect(expressions.length).toBeGreaterThan(30);
    for (const expr of expressions) {
      const used = [...expr.matchAll(/\b(smart_mla_\w+)/g)].map(([, name = ""]) => name);
      expect([expr, used.length > 0, used.filter((name) => !names.has(name))]).toEqual([expr, true, []]);
      const plain = (name: string): string => (types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, ""));
      const known = new Set(used.flatMap((name) => labelsOf.get(plain(name)) ?? []));
      const labels = [
        ...[...expr.matchAll(/by \(([^)]*)\)/g)].flatMap(([, list = ""]) => list.split(",").map((label) => label.trim())),
        ...[...expr.matchAll(/\{(\w+) ?(?:=|!)/g)].map(([, label = ""]) => label),
      ].filter((label) => label !== "le");
      expect([expr, labels.filter((label) => !known.has(label))]).toEqual([expr, []]);
    }
  },
);
