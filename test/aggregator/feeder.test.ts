import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { aggregatorConfigFromYaml } from "../../aggregator/config/aggregator-config.ts";
import { AggregatorYaml } from "../../aggregator/config/schema.ts";
import { startAggregator } from "../../aggregator/main.ts";
import { instructedW } from "../../aggregator/optimise/resource-modes.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { createControlKey } from "../../core/envelope.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { testBroker } from "../fake/test-broker.ts";
import { until } from "../fake/until.ts";
import { exampleSeries } from "../settlement/fixture.ts";
import { boiler } from "./plans.ts";
import { midnightMs, quarterMs } from "./rows.ts";

const boot = "11111111-1111-4111-8111-111111111111";
const sites = Array.from({ length: 6 }, (_, at) => `gw-${at}`);
/** Where a home is new its houses are taken to draw this. */
const unknownW = 1500;

/** A running aggregator on a broker, with homes that say what they have and accept what they are told. */
async function street() {
  const broker = await testBroker();
  const folder = scratch("feeder");
  writeFileSync(join(folder, "control.json"), JSON.stringify((await createControlKey("control-1")).privateJwk));
  writeFileSync(join(folder, "prices.json"), JSON.stringify([exampleSeries()]));
  const yaml = AggregatorYaml.parse({
    version: 1,
    id: "community",
    broker: { url: broker.url },
    control_key_file: "control.json",
    sites: Object.fromEntries(sites.map((site) => [site, {}])),
    feeders: { elm: { import_limit_w: 15_000, sites } },
    prices_file: "prices.json",
    storage: { path: "data.db" },
    http: { listen: "127.0.0.1:0", open: true },
  });
  const config = aggregatorConfigFromYaml(yaml, folder);
  const clock = fakeClock(midnightMs);
  const { client } = await broker.listen("nothing");
  /** The newest list of each home, and how many each has heard. */
  const told = new Map<string, InstructionList>();
  let heard = 0;
  client.on("message", (topic, payload) => {
    const [, , , site = "", direction, type] = topic.split("/");
    if (direction !== "dn" || type !== "instr") return;
    const [, claims = ""] = payload.toString().split(".");
    const { body } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { body: InstructionList };
    told.set(site, body);
    heard += 1;
    const answer = {
      v: 1,
      plan: body.plan,
      resource: body.resource,
      status: "ACCEPTED",
      at: new Date(clock.now()).toISOString(),
    };
    void client.publishAsync(`sma/1/community/${site}/up/ack/${body.plan}`, JSON.stringify(answer), { qos: 1 });
  });
  await client.subscribeAsync("sma/1/community/+/dn/instr/+", { qos: 1 });
  const aggregator = await startAggregator({ config, clock, log: silentLog(), version: "0" });
  onTestFinished(() => aggregator.stop());
  for (const site of sites) {
    const up = `sma/1/community/${site}/up`;
    await client.publishAsync(`${up}/state`, JSON.stringify({ v: 1, state: "ready", boot }), { qos: 1, retain: true });
    await client.publishAsync(`${up}/resource/boiler`, JSON.stringify(boiler), { qos: 1, retain: true });
  }
  return { clock, told, config, heard: () => heard };
}

it(
  "plans homes on a broker within the limit of their feeder, and takes them off it when an operator says so",
  { timeout: 90_000 },
  async () => {
    const { clock, told, config, heard } = await street();
    const store = await openStore(config.database);
    onTestFinished(() => store.close());
    await until("all homes are known", async () => {
      const known = await Promise.all(sites.map((site) => store.resources(site)));
      return known.every(({ length }) => length === 1);
    });
    await until("all homes have a plan", async () => {
      await clock.advance(1000);
      return told.size === sites.length;
    });
    for (let quarter = 0; quarter < 96; quarter++) {
      const atMs = midnightMs + quarter * quarterMs;
      const flexible = [...told.values()].map((list) => instructedW(boiler, list, atMs) ?? 0);
      expect(flexible.reduce((sum, watts) => sum + watts, sites.length * unknownW)).toBeLessThanOrEqual(15_000);
    }
    const before = heard();
    await store.addWord({
      word: "reduce",
      scope: { kind: "feeder", name: "elm" },
      atMs: clock.now(),
      untilMs: clock.now() + 900_000,
      limitW: null,
    });
    await clock.advance(5000);
    await until("all homes are told", () => heard() >= before + sites.length);
    expect([...told.values()].map(({ instructions }) => instructions.map(({ operationModeId }) => operationModeId))).toEqual(
      sites.map(() => ["off"]),
    );
  },
);
