import { type Command, Option } from "commander";
import type { Verb } from "../verb.ts";

/** Adds `smart-mla aggregator export`. */
export function addExportVerb(
  aggregator: Command,
  { verb, write }: { verb: Verb; write: (text: string) => Promise<void> },
): void {
  aggregator
    .command("export")
    .description("what is stored of the homes, as CSV; the names of the columns say the unit; the aggregator may go on running")
    .argument("<what>", "readings, slots, plans, events or rewards")
    .requiredOption("-c, --config <file>", "YAML configuration (needed), its aggregator.yaml")
    .requiredOption("--from <instant>", "from it on, such as 2026-11-01T00:00:00Z")
    .option("--to <instant>", "the same; it is not included (default: now)")
    .option("--site <site>", "only of this home")
    .addOption(new Option("--format <format>", "json: JSON lines").choices(["csv", "json"]).default("csv"))
    .action(verb(async (what, options) => (await import("./export.ts")).aggregatorExport(what, options, write)));
}
