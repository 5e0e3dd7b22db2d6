import type { Command } from "commander";
import type { Verb } from "../verb.ts";

/** Verbs below `market wholesale`. */
export function addWholesaleVerbs(market: Command, { verb, say }: { verb: Verb; say: (line: string) => void }): void {
  const wholesale = market.command("wholesale").description("bids and results of a wholesale exchange, by files");
  wholesale
    .command("bid")
    .description("bid curves of a portfolio from forecasts and their errors, for a day-ahead or an intraday gate")
    .argument("[outlook]", "JSON or YAML; - for standard input")
    .option("--schema", "print the JSON schema of an outlook")
    .option("--json", "one JSON object instead of CSV")
    .action(verb(async (file, options) => (await import("./wholesale.ts")).wholesaleBid(file, options, say)));
  wholesale
    .command("clear")
    .description("clear bid curves from a CSV file at one price a product")
    .argument("<curves>", "CSV; - for standard input")
    .option("--json", "one JSON object with every position instead of CSV")
    .action(verb(async (file, options) => (await import("./wholesale.ts")).wholesaleClear(file, options, say)));
}
