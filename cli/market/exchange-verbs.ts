import { Argument, type Command } from "commander";
import type { Verb } from "../verb.ts";

/** Verbs below `market exchange`. */
export function addExchangeVerbs(market: Command, { verb, say }: { verb: Verb; say: (line: string) => void }): void {
  const exchange = market.command("exchange").description("a prosumer exchange");
  exchange
    .command("run")
    .description("take signed orders, hold auctions, settle trades with each participant")
    .requiredOption("-c, --config <file>", "YAML configuration (needed), such as /etc/smart-mla/exchange.yaml")
    .action(verb(async ({ config: file }: { config: string }) => (await import("./exchange-run.ts")).exchangeRun(file, say)));
  exchange
    .command("report")
    .description("what each participant's trades came to, beside an aggregator's fixed buying price")
    .requiredOption("-c, --config <file>", "YAML configuration (needed), such as /etc/smart-mla/exchange.yaml")
    .requiredOption("--buying <price>", "what the aggregator pays for a kWh of surplus (needed), such as 0.08")
    .requiredOption("--selling <price>", "what the supplier takes for a kWh (needed), such as 0.30")
    .option("--from <time>", "slots that begin then or later, such as 2026-06-10")
    .option("--to <time>", "slots that begin before")
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./exchange-report.ts")).exchangeReport(options, say)));
  const disputes = exchange.command("disputes").description("records that participants do not sign");
  disputes
    .command("list")
    .description("what waits for a person, with both sides' figures; exit 1 where something waits")
    .requiredOption("-c, --config <file>", "YAML configuration (needed), such as /etc/smart-mla/exchange.yaml")
    .option("--all", "those that are decided, too")
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./exchange-disputes.ts")).exchangeDisputesList(options, say)));
  disputes
    .command("resolve")
    .description("decide one: propose it again, or leave it out for ever")
    .argument("<id>", "its number in the list")
    .addArgument(new Argument("<resolution>", "again or skip").choices(["again", "skip"]))
    .requiredOption("-c, --config <file>", "YAML configuration (needed), such as /etc/smart-mla/exchange.yaml")
    .option("--json", "one JSON object")
    .action(
      verb(async (id: string, resolution: "again" | "skip", options: { config: string; json?: true }) =>
        (await import("./exchange-disputes.ts")).exchangeDisputesResolve(id, resolution, options, say),
      ),
    );
}
