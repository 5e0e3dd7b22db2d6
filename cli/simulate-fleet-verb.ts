import type { Command } from "commander";
import type { Verb } from "./verb.ts";

/** Adds `smart-mla simulate fleet`. */
export function addFleetVerb(simulate: Command, { verb, say }: { verb: Verb; say: (line: string) => void }): void {
  simulate
    .command("fleet")
    .description("many light homes for load tests of a running aggregator; figures each minute")
    .option("--homes <n>", "how many", "100")
    .option("--prefix <text>", "of their gateway ids", "home-")
    .option("--first <n>", "number of the first one, for several processes", "1")
    .option("--print-sites", "print the section sites for aggregator.yaml, and end")
    .option("--url <url>", "mqtt:// or mqtts:// address of the broker", "mqtt://127.0.0.1:1883")
    .option("--aggregator <id>", "its id (needed)")
    .option("--key <file>", "its control key, as JWK; the public half is enough (needed)")
    .option("--ca-file <file>", "certificate authority of the broker")
    .option("--cert-file <file>", "certificate of a home; {site} in the name stands for its gateway id")
    .option("--key-file <file>", "its private key, likewise")
    .option("--username <name>", "for brokers with passwords, likewise")
    .option("--password-file <file>", "likewise")
    .option("--every <seconds>", "between two readings of a home", "60")
    .option("--seed <n>", "seed of all that is random", "1")
    .option("--minutes <n>", "end after so long; 0: when told to", "0")
    .action(verb(async (options) => (await import("./simulate-fleet.ts")).simulateFleet(options, say)));
}
