import { Argument, type Command } from "commander";
import type { Verb } from "../verb.ts";

/** Adds what an operator does with settlement: `smart-mla aggregator disputes …`, `rewards`, `refill` and `erase`. */
export function addOperatorVerbs(aggregator: Command, { verb, say }: { verb: Verb; say: (line: string) => void }): void {
  const config = ["-c, --config <file>", "YAML configuration (needed), its aggregator.yaml"] as const;
  const disputes = aggregator
    .command("disputes")
    .description("the operator's queue: what homes dispute or do not sign, what the chain did not settle");
  disputes
    .command("list")
    .description("what waits for a person, with the figures of both sides; exit 1 where something does")
    .requiredOption(...config)
    .option("--all", "what is resolved, too")
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./disputes.ts")).disputesList(options, say)));
  disputes
    .command("resolve")
    .description("decide a home's dispute; the aggregator may go on running")
    .argument("<id>", "its number in the list")
    .addArgument(
      new Argument(
        "<how>",
        "propose again from the slots here, from those that the home sent last, or leave the period out",
      ).choices(["again", "home", "skip"]),
    )
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(verb(async (id, how, options) => (await import("./disputes.ts")).disputesResolve(id, how, options, say)));
  disputes
    .command("evidence")
    .description("the meter rows behind a case of a home that is supplied and does not sign, as one JSON object")
    .argument("<id>", "its number in the list")
    .requiredOption(...config)
    .action(verb(async (id, options) => (await import("./disputes.ts")).disputesEvidence(id, options, say)));
  aggregator
    .command("rewards")
    .description("what homes got for their flexibility, and what it was paid from; the aggregator may go on running")
    .requiredOption(...config)
    .requiredOption("--from <instant>", "service days that begin from here on, such as 2026-11-01T00:00:00Z")
    .requiredOption("--to <instant>", "and before this")
    .option("--site <site>", "of one home")
    .option("--events", "the times of control, too")
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./rewards.ts")).aggregatorRewards(options, say)));
  aggregator
    .command("refill")
    .description("let a mirror that has lost data get it again; the aggregator may go on running")
    .argument("<mirror>", "its address, as in settlement.log.mirrors")
    .requiredOption(...config)
    .option("--from <epoch>", "the first epoch that it lacks", "1")
    .option("--json", "one JSON object")
    .action(verb(async (mirror, options) => (await import("./refill.ts")).aggregatorRefill(mirror, options, say)));
  aggregator
    .command("erase")
    .description("delete the settlement records of a home that is settled no more, with their salts and evidence")
    .argument("<site>", "gateway id")
    .requiredOption(...config)
    .option("--unsettled", "also where the chain has not paid by the newest of them, or cannot be asked")
    .option("--json", "one JSON object")
    .action(verb(async (site, options) => (await import("./erase.ts")).aggregatorErase(site, options, say)));
}
