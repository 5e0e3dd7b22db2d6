import { Argument, type Command } from "commander";
import { roles } from "../../aggregator/store/token-store.ts";
import { addAuditVerbs } from "./audit-verbs.ts";
import { addControlVerbs } from "./control-verbs.ts";
import { addExportVerb } from "./export-verb.ts";
import { addOperatorVerbs } from "./operator-verbs.ts";
import { addOutlookVerb } from "./outlook-verb.ts";
import type { Verb } from "../verb.ts";

/** Adds `smart-mla aggregator …`. */
export function addAggregatorVerbs(
  root: Command,
  { verb, say, write }: { verb: Verb; say: (line: string) => void; write: (text: string) => Promise<void> },
): void {
  const config = ["-c, --config <file>", "YAML configuration (needed), its aggregator.yaml"] as const;
  const aggregator = root.command("aggregator").description("the community aggregator");
  aggregator
    .command("run")
    .description("plan, dispatch and settle many homes")
    .requiredOption(...config)
    .action(verb(async ({ config: file }: { config: string }) => (await import("./run.ts")).aggregatorRun(file, say)));

  aggregator
    .command("worker")
    .description("share the work of aggregator run: take what homes send, plan a part of the homes")
    .requiredOption(...config)
    .action(verb(async ({ config: file }: { config: string }) => (await import("./worker.ts")).aggregatorWorker(file, say)));

  aggregator
    .command("enrol")
    .description("print a one-time code by which a gateway gets its certificate; the aggregator may go on running")
    .argument("<site>", "gateway id, one of sites in the configuration")
    .requiredOption(...config)
    .option("--valid <time>", "how long the code is good, such as 90m, 24h or 7d", "24h")
    .option("--json", "one JSON object")
    .action(verb(async (site, options) => (await import("./enrol.ts")).aggregatorEnrol(site, options, say)));
  aggregator
    .command("revoke")
    .description("revoke the certificates of a gateway: no renewal, and a list for the broker")
    .argument("<site>", "gateway id")
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(verb(async (site, options) => (await import("./enrol.ts")).aggregatorRevoke(site, options, say)));

  aggregator
    .command("config")
    .description("work with the aggregator's configuration")
    .command("check")
    .description("say whether a configuration is good, with the place of every mistake")
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("../config-check.ts")).aggregatorConfigCheck(options, say)));

  const token = aggregator.command("token").description("who may read and do what over the HTTP API");
  token
    .command("create")
    .description("make a token and print it, once; the aggregator may go on running")
    .addArgument(new Argument("<role>", "what it is good for").choices(roles))
    .requiredOption(...config)
    .option("--site <site>", "the household's home; needed for that role, and only for it")
    .option("--note <text>", "who has it", "")
    .option("--valid <time>", "how long it is good, such as 24h or 365d", "365d")
    .option("--json", "one JSON object")
    .action(verb(async (role, options) => (await import("./token.ts")).tokenCreate(role, options, say)));
  token
    .command("list")
    .description("all tokens, without what only their holders know")
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./token.ts")).tokenList(options, say)));
  token
    .command("revoke")
    .description("end a token at once")
    .argument("<id>", "as the list names it")
    .requiredOption(...config)
    .action(verb(async (id, options) => (await import("./token.ts")).tokenRevoke(id, options, say)));
  addAuditVerbs(aggregator, { verb, say });
  addControlVerbs(aggregator, { verb, say });
  addExportVerb(aggregator, { verb, write });
  addOperatorVerbs(aggregator, { verb, say });
  addOutlookVerb(aggregator, { verb, say });
}
