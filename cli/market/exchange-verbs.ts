import type { Command } from "commander";
import type { Verb } from "../verb.ts";

/** Verbs below `market exchange`. */
export function addExchangeVerbs(market: Command, { verb, say }: { verb: Verb; say: (line: string) => void }): void {
  const exchange = market.command("exchange").description("a prosumer exchange");
  exchange
    .command("run")
    .description("take signed orders, hold auctions, settle trades with each participant")
    .requiredOption("-c, --config <file>", "YAML configuration (needed), such as /etc/smart-mla/market.yaml")
    .action(verb(async ({ config: file }: { config: string }) => (await import("./exchange-run.ts")).exchangeRun(file, say)));
}
