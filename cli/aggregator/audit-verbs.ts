import type { Command } from "commander";
import type { Verb } from "../verb.ts";

/** Adds `smart-mla aggregator audit-log`. */
export function addAuditVerbs(aggregator: Command, { verb, say }: { verb: Verb; say: (line: string) => void }): void {
  aggregator
    .command("audit-log")
    .description("who did what: operators by the command line and the API, gateways that enrolled or took their data back")
    .requiredOption("-c, --config <file>", "YAML configuration (needed), its aggregator.yaml")
    .option("--site <site>", "only what is about this home")
    .option("--last <n>", "so many of the newest entries", "50")
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./audit-log.ts")).aggregatorAuditLog(options, say)));
}
