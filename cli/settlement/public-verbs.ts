import type { Command } from "commander";
import type { Verb } from "../verb.ts";

const rpc = ["--rpc <url>", "node of the chain (needed), one that you trust"] as const;
const contract = ["--contract <address>", "the settlement contract (needed)"] as const;
const several = (value: string, before: string[]): string[] => [...before, value];

/** Adds what anybody can do with a settlement contract, without being a party of it. */
export function addPublicVerbs(settlement: Command, { verb, say }: { verb: Verb; say: (line: string) => void }): void {
  settlement
    .command("verify")
    .description("check a proof bundle, one verdict per check")
    .argument("<bundle>", "JSON file of the bundle")
    .option("--offline", "ask no chain; what only the chain knows is unknown")
    .option("--rpc <url>", "node to ask, one that you trust (default: the hint in the bundle)")
    .option("--contract <address>", "the settlement contract that you trust (default: the one in the bundle)")
    .option("--json", "one JSON object instead of lines")
    .action(verb(async (file, options) => (await import("./verify.ts")).settlementVerify(file, options, say)));
  settlement
    .command("audit")
    .description("recompute everything from chain and published data, and say what differs")
    .requiredOption(...rpc)
    .requiredOption(...contract)
    .requiredOption("--from-block <n>", "the block that created the contract, or an earlier one (needed)")
    .option("--to-block <n>", "the last block to look at (default: the newest)")
    .option("--beacon <url>", "consensus node that still has the blobs")
    .option("--mirror <url>", "web address with the data of epochs; may be given again", several, [])
    .option("--data <folder>", "folder with the data of epochs, such as that of a mirror")
    .option("--records <file>", "archive of agreements, prices and records with evidence, JSON lines")
    .option("--threads <n>", "that check signatures (default: one for each processor)")
    .option("--json", "one JSON object instead of lines")
    .action(verb(async (options) => (await import("./audit.ts")).settlementAudit(options, say)));
  settlement
    .command("mirror")
    .description("keep the data of epochs and give it to anybody; takes only what leads to a root on chain")
    .requiredOption(...rpc)
    .requiredOption(...contract)
    .option("--from-block <n>", "the block that created the contract", "0")
    .requiredOption("--listen <host:port>", "where to listen (needed), such as 127.0.0.1:8090; port 0 picks one")
    .requiredOption("--folder <folder>", "where the data is kept (needed)")
    .action(verb(async (options) => (await import("./mirror.ts")).settlementMirror(options, say)));
}
