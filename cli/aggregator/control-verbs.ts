import { Argument, type Command } from "commander";
import { scopes } from "./control-scopes.ts";
import type { Verb } from "../verb.ts";

/** Adds what an operator does with control: `smart-mla aggregator pause`, `resume`, `limit` and `reduce`. */
export function addControlVerbs(aggregator: Command, { verb, say }: { verb: Verb; say: (line: string) => void }): void {
  const config = ["-c, --config <file>", "YAML configuration (needed), its aggregator.yaml"] as const;
  const about = (name: string, description: string): Command =>
    aggregator
      .command(name)
      .description(`${description}; a running aggregator follows within seconds`)
      .addArgument(new Argument("<scope>", "whom it is about").choices(scopes))
      .argument("[name]", "gateway id of the home, or name of the feeder")
      .requiredOption(...config)
      .option("--json", "one JSON object");
  about("pause", "give no instructions until they are resumed, and take the running ones back").action(
    verb(async (scope, name, options) => (await import("./control.ts")).controlPause(scope, name, options, say)),
  );
  about("resume", "end a pause or a reduction").action(
    verb(async (scope, name, options) => (await import("./control.ts")).controlResume(scope, name, options, say)),
  );
  aggregator
    .command("limit")
    .description("plan a feeder within a lower limit than its own; a running aggregator follows within seconds")
    .argument("<feeder>", "its name in the configuration")
    .argument("<W>", "the most that its homes may import together")
    .requiredOption(...config)
    .option("--for <time>", "how long, such as 2h or 7d; without it until it is resumed")
    .option("--json", "one JSON object")
    .action(verb(async (feeder, watts, options) => (await import("./control.ts")).controlLimit(feeder, watts, options, say)));
  about("reduce", "emergency: all flexible loads off or least, at once, as far as the homes allow")
    .option("--for <time>", "how long, such as 30m or 2h", "30m")
    .action(verb(async (scope, name, options) => (await import("./control.ts")).controlReduce(scope, name, options, say)));
}
