import type { Command } from "commander";
import type { Verb } from "../verb.ts";

/** Adds the verbs of `smart-mla settlement …` that a gateway, and whoever helps one, needs. */
export function addGatewayVerbs(
  settlement: Command,
  { verb, say, config }: { verb: Verb; say: (line: string) => void; config: readonly [string, string] },
): void {
  settlement
    .command("list")
    .description("what this home has signed, oldest first; the agent may be running")
    .requiredOption(...config)
    .option("--from <seq>", "from this number on", "1")
    .option("--limit <n>", "at most so many", "100")
    .option("--json", "JSON lines")
    .action(verb(async (options) => (await import("./list.ts")).settlementList(options, say)));
  settlement
    .command("show")
    .description("one record, with its epoch; and the bundle that proves it to anybody")
    .argument("<seq>", "its number")
    .requiredOption(...config)
    .option("--bundle <file>", "write a bundle for settlement verify, a new file; it holds meter data of the service period")
    .option("--json", "one JSON object")
    .action(verb(async (seq, options) => (await import("./show.ts")).settlementShow(seq, options, say)));
  settlement
    .command("relayer")
    .description("send for gateways without coins what the parties of records have signed, and pay for its gas")
    .requiredOption("--rpc <url>", "node of the chain (needed)")
    .requiredOption("--chain-id <n>", "its chain id (needed)")
    .requiredOption("--contract <address>", "the settlement contract (needed); calls of others are refused")
    .requiredOption("--key <file>", "key file that pays (needed), of mode 0600")
    .requiredOption("--passphrase-file <file>", "its passphrase (needed)")
    .option("--listen <host:port>", "port 0 picks one", "127.0.0.1:8491")
    .option("--per-minute <n>", "most requests of one address in a minute", "30")
    .option("--per-day <n>", "most transactions in a day", "1000")
    .option("--heads <folder>", "keep the newest records of pairs for their parties in this folder (watchtower)")
    .action(verb(async (options) => (await import("./relayer.ts")).settlementRelayer(options, say)));
}
