import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { aggregatorConfigFromYaml } from "../../aggregator/config/aggregator-config.ts";
import { AggregatorYaml } from "../../aggregator/config/schema.ts";
import { startAggregator } from "../../aggregator/main.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import { createControlKey } from "../../core/envelope.ts";
import type { InstructionAck, InstructionList } from "../../core/message/instruction.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import type { Resource, ResourceStatus, SiteState } from "../../core/message/resource.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { testBroker } from "../fake/test-broker.ts";
import { exampleSeries } from "../settlement/fixture.ts";
import { boiler } from "./plans.ts";
import { midnightMs } from "./rows.ts";

const boot = "11111111-1111-4111-8111-111111111111";

/** What is asked of a street. */
export interface StreetOptions {
  homes: number;
  importLimitW: number;
  /** What a home answers to a list, and what it says it has; each accepts, with a boiler, where nothing else is said. */
  answer?: (site: string, list: InstructionList) => InstructionAck["status"] | null;
  resource?: (site: string) => Resource;
}

/** A running aggregator on a broker, with one feeder of homes that say what they have and answer what they are told. */
export async function street({ homes, importLimitW, answer, resource }: StreetOptions) {
  const sites = Array.from({ length: homes }, (_, at) => `gw-${at}`);
  const broker = await testBroker();
  const folder = scratch("feeder");
  writeFileSync(join(folder, "control.json"), JSON.stringify((await createControlKey("control-1")).privateJwk));
  const setPrices = (series: readonly PriceSeries[]): void => {
    // The stamp of a file that is written twice within a tick of the file system may be the same.
    rmSync(join(folder, "prices.json"), { force: true });
    writeFileSync(join(folder, "prices.json"), JSON.stringify(series));
  };
  setPrices([exampleSeries()]);
  const yaml = AggregatorYaml.parse({
    version: 1,
    id: "community",
    broker: { url: broker.url },
    control_key_file: "control.json",
    sites: Object.fromEntries(sites.map((site) => [site, {}])),
    feeders: { elm: { import_limit_w: importLimitW, sites } },
    prices_file: "prices.json",
    storage: { path: "data.db" },
    http: { listen: "127.0.0.1:0", open: true },
  });
  const config = aggregatorConfigFromYaml(yaml, folder);
  const clock = fakeClock(midnightMs);
  const { client } = await broker.listen("nothing");
  const log = silentLog();
  /** The newest list of each home, and how many each has heard; the prices that each was told. */
  const told = new Map<string, InstructionList>();
  const heard = new Map<string, number>();
  const prices = new Map<string, PriceSeries[]>();
  const up = (site: string, rest: string, message: unknown, retain = false): Promise<unknown> =>
    client.publishAsync(`sma/1/community/${site}/up/${rest}`, JSON.stringify(message), { qos: 1, retain });
  client.on("message", (topic, payload) => {
    const [, , , site = "", direction, type] = topic.split("/");
    if (direction !== "dn" || (type !== "instr" && type !== "price")) return;
    const [, claims = ""] = payload.toString().split(".");
    const { body } = JSON.parse(Buffer.from(claims, "base64url").toString()) as { body: unknown };
    if (type === "price") return void prices.set(site, [...(prices.get(site) ?? []), body as PriceSeries]);
    const list = body as InstructionList;
    told.set(site, list);
    heard.set(site, (heard.get(site) ?? 0) + 1);
    const status = answer ? answer(site, list) : "ACCEPTED";
    const at = new Date(clock.now()).toISOString();
    if (status) void up(site, `ack/${list.plan}`, { v: 1, plan: list.plan, resource: list.resource, status, at });
  });
  await client.subscribeAsync(["sma/1/community/+/dn/instr/+", "sma/1/community/+/dn/price"], { qos: 1 });
  const aggregator = await startAggregator({ config, clock, log, version: "0" });
  onTestFinished(() => aggregator.stop());
  const say = {
    state: (site: string, state: SiteState["state"]) => up(site, "state", { v: 1, state, boot }, true),
    resource: (site: string, described: Resource) => up(site, `resource/${described.resource}`, described, true),
    status: (site: string, status: ResourceStatus) => up(site, `status/${status.resource}`, status, true),
  };
  for (const site of sites) {
    await say.state(site, "ready");
    await say.resource(site, resource?.(site) ?? boiler);
  }
  return { sites, clock, log, told, prices, config, setPrices, say, up, heard, apiUrl: aggregator.apiUrl };
}
