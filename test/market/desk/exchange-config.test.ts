import { expect, it } from "vitest";
import { crossCheckExchange, ExchangeFile } from "../../../market/desk/exchange-config.ts";

const issues = (exchange: object): string[] =>
  crossCheckExchange(
    ExchangeFile.parse({
      version: 1,
      id: "exchange",
      storage: { path: "market.db" },
      exchange: {
        participants: { roof: { agreement_file: "roof.json" } },
        settlement: {
          key: "exchange",
          passphrase_file: "passphrase",
          chain_id: 1,
          contract: `0x${"1".repeat(40)}`,
          rpc_url: "http://127.0.0.1:1",
        },
        ...exchange,
      },
    }),
  ).map(({ path, message }) => `${path.join(".")} ${message}`);
const way = (from: string, to: string) => ({ from, to, fee_micro_per_kwh: 1 });

it("takes zones and the ways between them, each way for itself", () => {
  expect(issues({ zones: ["north", "south"], paths: [way("north", "south"), way("south", "north")] })).toEqual([]);
});

it.each<[string, object, string[]]>([
  ["a zone that is there twice", { zones: ["a", "b", "a"] }, ['exchange.zones.2 zone "a" is there twice']],
  [
    "a way of a zone that is not there",
    { zones: ["a"], paths: [way("a", "b")] },
    ['exchange.paths.0.to zone "b" is not one of zones'],
  ],
  [
    "a way with two fees",
    { zones: ["a", "b"], paths: [way("a", "b"), way("b", "a"), { ...way("a", "b"), fee_micro_per_kwh: 9 }] },
    ["exchange.paths.2 the way from a to b is paths.0 too"],
  ],
])("names %s", (_, exchange, told) => expect(issues(exchange)).toEqual(told));
