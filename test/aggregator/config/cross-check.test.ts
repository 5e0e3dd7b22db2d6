import { expect, it } from "vitest";
import { crossCheck } from "../../../aggregator/config/cross-check.ts";
import { AggregatorYaml } from "../../../aggregator/config/schema.ts";

const market = {
  domain: "agr.example",
  tls: { cert_file: "a", key_file: "a", ca_file: "a" },
  key_file: "a",
  operator: { domain: "dso.example", url: "https://dso.example", public_key_file: "a" },
  points: { transformer: { feeder: "elm" } },
};
const issues = (change: object): string[] =>
  crossCheck(
    AggregatorYaml.parse({
      version: 1,
      id: "community",
      broker: { url: "mqtts://broker.example" },
      control_key_file: "control.json",
      sites: { "gw-1": {}, "gw-2": {} },
      feeders: { elm: { import_limit_w: 50_000, sites: ["gw-1"] } },
      prices_file: "prices.json",
      storage: { path: "data.db" },
      ...change,
    }),
  ).map(({ path, message }) => `${path.join(".")} ${message}`);

it("has nothing to say of a file in which all fits", () => {
  expect(issues({ market, exchange: { url: "https://exchange.example", sites: ["gw-2"] } })).toEqual([]);
});

it.each<[string, object, string]>([
  [
    "an exchange for a home that is not there",
    { exchange: { url: "https://x", sites: ["gw-3"] } },
    'exchange.sites.0 site "gw-3" is not one of sites',
  ],
  [
    "a home twice at an exchange",
    { exchange: { url: "https://x", sites: ["gw-1", "gw-1"] } },
    'exchange.sites.1 site "gw-1" is there twice',
  ],
  [
    "a feeder with a name of every object, which is not there",
    { market: { ...market, points: { transformer: { feeder: "constructor" } } } },
    'market.points.transformer.feeder feeder "constructor" is not one of feeders',
  ],
  [
    "a grid operator with the aggregator's own domain",
    { market: { ...market, operator: { ...market.operator, domain: "agr.example" } } },
    "market.operator.domain is the aggregator's own",
  ],
  [
    "a home of every object's name on a feeder",
    { feeders: { elm: { import_limit_w: 1, sites: ["toString"] } } },
    "feeders.elm.sites.0",
  ],
])("names %s", (_, change, message) => expect(issues(change)).toEqual([expect.stringContaining(message)]));
