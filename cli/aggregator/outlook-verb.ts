import type { Command } from "commander";
import type { Verb } from "../verb.ts";

/** Adds `smart-mla aggregator outlook`. */
export function addOutlookVerb(aggregator: Command, { verb, say }: { verb: Verb; say: (line: string) => void }): void {
  aggregator
    .command("outlook")
    .description(
      "what all homes will take, and how far that may be off: what `market wholesale bid -` reads; the aggregator may run",
    )
    .requiredOption("-c, --config <file>", "YAML configuration (needed), its aggregator.yaml")
    .requiredOption("--from <instant>", "first product, such as 2026-11-01T00:00:00Z")
    .requiredOption("--to <instant>", "the same; it is not included")
    .requiredOption("--short <price>", "expected imbalance price of what is missing, micro-units per kWh (0.22 EUR is 220000)")
    .requiredOption("--long <price>", "the same of what is too much, not above --short")
    .option("--participant <name>", "name in the curves (default: the id of the configuration)")
    .action(verb(async (options) => (await import("./outlook.ts")).aggregatorOutlook(options, say)));
}
