import type { Command } from "commander";
import type { Verb } from "./verb.ts";

/** Adds `smart-mla key …`. @param given.config the option of the configuration */
export function addKeyVerbs(
  root: Command,
  { verb, say, config }: { verb: Verb; say: (line: string) => void; config: readonly [string, string] },
): void {
  const key = root.command("key").description("the household's signing key, and keys for owners, registrars and aggregators");
  key
    .command("create")
    .description("make the key that the configuration names, in an encrypted file, and print its address")
    .requiredOption(...config)
    .action(verb(async ({ config: file }: { config: string }) => (await import("./key.ts")).keyCreate(file, say)));
  key
    .command("new")
    .description("make a key for an owner, a registrar or an aggregator in an encrypted file; needs no configuration")
    .argument("<file>", "a new file")
    .requiredOption("--passphrase-file <file>", "its passphrase, at least 12 characters")
    .option("--json", "one JSON object")
    .action(verb(async (file, options) => (await import("./key.ts")).keyNew(file, options, say)));
  key
    .command("show")
    .description("address, file and mode of the key; needs no passphrase")
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./key.ts")).keyShow(options, say)));
  key
    .command("backup")
    .description("an encrypted copy of the key, which is opened again before success is said")
    .argument("<copy>", "where to, a new file")
    .requiredOption(...config)
    .option("--passphrase-file <file>", "passphrase of the copy (default: that of the key)")
    .option("--json", "one JSON object")
    .action(verb(async (copy, options) => (await import("./key.ts")).keyBackup(copy, options, say)));
  key
    .command("restore")
    .description("put the key of a backup in its place, where chain or agreement name it; overwrites no other key")
    .argument("<copy>", "made by key backup")
    .requiredOption(...config)
    .option("--passphrase-file <file>", "passphrase of the copy (default: that of the key)")
    .option("--json", "one JSON object")
    .action(verb(async (copy, options) => (await import("./key.ts")).keyRestore(copy, options, say)));
  key
    .command("rotate")
    .description("make the next key and the request for it; once the chain has it, put it in place")
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./key.ts")).keyRotate(options, say)));
  key
    .command("approve")
    .description("send the contract's rotate for a request of key rotate, where the owner's key is")
    .argument("<request>", "the file that key rotate wrote")
    .requiredOption("--owner-key <file>", "keystore of the owner's key")
    .requiredOption("--passphrase-file <file>", "its passphrase")
    .requiredOption("--rpc <url>", "a node of the chain")
    .option("--json", "one JSON object")
    .action(verb(async (request, options) => (await import("./key-approve.ts")).keyApprove(request, options, say)));
}
