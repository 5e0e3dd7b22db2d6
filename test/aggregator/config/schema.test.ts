import { expect, it } from "vitest";
import { aggregatorConfigFromYaml } from "../../../aggregator/config/aggregator-config.ts";
import { AggregatorYaml } from "../../../aggregator/config/schema.ts";

const yaml = (change: object) => ({
  version: 1,
  id: "community",
  broker: { url: "mqtts://broker.example" },
  control_key_file: "control.json",
  sites: { "gw-1": {} },
  prices_file: "prices.json",
  storage: { path: "data.db" },
  ...change,
});

it("fills in what is left out", () => {
  expect(AggregatorYaml.parse(yaml({}))).toMatchObject({
    plan: { every_s: 3600, slot_minutes: 15 },
    http: { listen: "127.0.0.1:8490", open: false },
    log: { level: "info" },
  });
  expect(AggregatorYaml.parse(yaml({ plan: { slot_minutes: 60 } })).plan).toEqual({
    every_s: 3600,
    slot_minutes: 60,
    reserve_quantile: 0.99,
  });
});

const settlement = {
  key: "own",
  passphrase_file: "passphrase",
  chain_id: 1,
  contract: `0x${"AB".repeat(20)}`,
  rpc_url: "http://127.0.0.1:8545",
};
const settled = (change: object) =>
  aggregatorConfigFromYaml(
    AggregatorYaml.parse(yaml({ settlement: { ...settlement, ...change }, storage: { path: "state/data.db" } })),
    "/etc/a",
  ).settlement;

it("settles all homes together each month, publishes digests in files beside the database, where nothing else is said", () => {
  expect(settled({})).toEqual({
    keyFile: "/etc/a/state/keys/own.json",
    passphraseFile: "/etc/a/passphrase",
    chainId: 1,
    contract: `0x${"ab".repeat(20)}`,
    rpcUrl: "http://127.0.0.1:8545",
    epochMs: 86_400_000,
    finality: "finalized",
    mode: "together",
    settledBy: "aggregator",
    settleMs: 30 * 86_400_000,
    settlePartial: false,
    unsigned: { periods: 2, answerMs: 3_600_000 },
    log: { in: "file", form: "digests", folder: "/etc/a/state/log", mirrors: [] },
  });
});

it("takes money as decimals of the currency, mirrors without the last slash, and another chain for the roots", () => {
  const found = settled({
    log: { folder: "/srv/log", mirrors: ["https://mirror.example/log/"] },
    top_up: { below: "20", to: "50.50", most_per_day: "500" },
    anchor: { ...settlement, chain_id: 5, key: "public" },
  });
  expect(found).toMatchObject({
    log: { folder: "/srv/log", mirrors: ["https://mirror.example/log"] },
    topUp: { below: 20_000_000n, to: 50_500_000n, mostPerDay: 500_000_000n },
    anchor: { keyFile: "/etc/a/state/keys/public.json", chainId: 5 },
  });
});

it.each([
  ["a top-up that never ends", { top_up: { below: "5", to: "5", most_per_day: "9" } }, "settlement.top_up.to"],
  ["money as a number", { top_up: { below: 5, to: "6", most_per_day: "9" } }, "settlement.top_up.below"],
  ["an unknown place", { log: { in: "ipfs" } }, "settlement.log.in"],
  ["a mirror that is no web address", { log: { mirrors: ["ftp://x"] } }, "settlement.log.mirrors.0"],
  ["finality by another name", { final_after: "safe" }, "settlement.final_after"],
])("refuses %s", (_, change, path) => {
  const { error } = AggregatorYaml.safeParse(yaml({ settlement: { ...settlement, ...change } }));
  expect(error?.issues.map((issue) => issue.path.join("."))).toEqual([path]);
});

it.each([
  ["slots that do not divide an hour", { plan: { slot_minutes: 7 } }, "plan.slot_minutes"],
  ["slots shorter than five minutes", { plan: { slot_minutes: 1 } }, "plan.slot_minutes"],
  ["an unknown key", { plan: { slots: 15 } }, "plan"],
  ["a broker that speaks no MQTT", { broker: { url: "https://broker.example" } }, "broker.url"],
  ["a site whose name is a path", { sites: { "../gw": {} } }, "sites.../gw"],
  ["an API that is open to other machines", { http: { listen: "0.0.0.0:8490", open: true } }, "http.open"],
  ["a database that is none", { storage: { path: "data.txt" } }, "storage.path"],
])("refuses %s", (_, change, path) => {
  const { error } = AggregatorYaml.safeParse(yaml(change));
  expect(error?.issues.map((issue) => issue.path.join("."))).toEqual([path]);
});
