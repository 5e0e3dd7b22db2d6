import { type Command, Option } from "commander";
import type { Verb } from "../verb.ts";

/** Verbs of the contract for registrar, owners and parties: each works with a keystore file, none needs a configuration. */
export function addSettlementVerbs(settlement: Command, { verb, say }: { verb: Verb; say: (line: string) => void }): void {
  const json = ["--json", "one JSON object"] as const;
  const keyed = (command: Command, whose: string): Command =>
    command.requiredOption("--key <file>", `keystore of ${whose}`).requiredOption("--passphrase-file <file>", "its passphrase");
  const sending = (command: Command, whose: string): Command =>
    keyed(command, whose)
      .requiredOption("--rpc <url>", "a node of the chain")
      .option(...json);

  sending(settlement.command("deploy"), "who pays for gas; it gets no rights")
    .description("create the settlement contract, at an address that token and registrar decide; does nothing where it is there")
    .requiredOption("--registrar <address>", "who registers and retires parties; not an aggregator")
    .option("--token <address>", "the money: a plain ERC-20 with six decimals")
    .option("--dev-euro <amount>", "instead of a token: so many worthless euros, for the key's address")
    .action(verb(async (options) => (await import("./deploy.ts")).settlementDeploy(options, say)));

  keyed(settlement.command("prove"), "the signer: of a gateway or an aggregator")
    .description("print a request by which a registrar enters an owner with this key as its signer")
    .argument("<owner>", "address of the owner's own key, which is kept offline")
    .requiredOption("--contract <address>", "the settlement contract")
    .requiredOption("--chain-id <n>", "id of its chain")
    .action(verb(async (owner, options) => (await import("./register.ts")).settlementProve(owner, options, say)));
  sending(settlement.command("register"), "the registrar")
    .description("enter a party that settlement prove has asked for; says so where it is there already")
    .argument("<request>", "what settlement prove printed")
    .action(verb(async (file, options) => (await import("./register.ts")).settlementRegister(file, options, say)));

  const agreement = settlement.command("agreement").description("the contract between a household and its aggregator");
  agreement
    .command("draft")
    .description("print an agreement for both to sign, with the signers that the registry has")
    .requiredOption("--site <id>", "the household's gateway")
    .requiredOption("--household <address>", "owner address of the household")
    .requiredOption("--aggregator <address>", "owner address of the aggregator")
    .requiredOption("--from <instant>", "such as 2026-12-01T00:00:00Z")
    .requiredOption("--until <instant>", "the same; not included")
    .option("--reward <amount>", "for each day of taking part; either this or --share")
    .option("--share <percent>", "of what the household's flexibility earned on a day, such as 40 or 37.5")
    .addOption(new Option("--paid-as <form>", "of a share").choices(["money", "better_price", "discount"]).default("money"))
    .option("--control <names>", "with --share: appliances that may be controlled, with commas between them")
    .option("--hours <from-until>", "with --share: local times of control, such as 22:00-06:00", "00:00-00:00")
    .option("--events-per-day <n>", "with --share: most times of control that begin in one day, 1 to 96", "4")
    .option("--hours-per-day <n>", "with --share: most hours of them, 1 to 96; else no such limit")
    .option(
      "--comfort <bounds>",
      "with --share: appliances that must be ready by a time or held off no longer: boiler=05:00,heat_pump=30m",
    )
    .requiredOption("--contract <address>", "the settlement contract")
    .requiredOption("--rpc <url>", "a node of the chain")
    .option("--timezone <zone>", "of the service days", "Europe/Amsterdam")
    .option("--currency <code>", "of the token", "EUR")
    .option("--period <seconds>", "longest service period of an energy record, 900 to 86400", "86400")
    .action(verb(async (options) => (await import("./agreement.ts")).agreementDraft(options, say)));
  keyed(agreement.command("sign"), "one of the two signers")
    .description("print the agreement with this key's signature added")
    .argument("<file>", "what agreement draft or sign printed")
    .action(verb(async (file, options) => (await import("./agreement.ts")).agreementSign(file, options, say)));
  agreement
    .command("check")
    .description("say whether both have signed; exit 1 where not")
    .argument("<file>", "JSON file of the agreement")
    .option("--rpc <url>", "a node of the chain: are these keys the signers in the registry?")
    .option(...json)
    .action(verb(async (file, options) => (await import("./agreement.ts")).agreementCheck(file, options, say)));

  const pair = ["<agreement>", "JSON file of the agreement that both have signed"] as const;
  settlement
    .command("escrow")
    .description("what the contract holds for household and aggregator")
    .argument(...pair)
    .requiredOption("--rpc <url>", "a node of the chain")
    .option(...json)
    .action(verb(async (file, options) => (await import("./escrow.ts")).settlementEscrow(file, options, say)));
  sending(settlement.command("deposit"), "who pays")
    .description("pay into the escrow of one side")
    .argument(...pair)
    .requiredOption("--amount <amount>", "such as 25.50")
    .addOption(new Option("--for <side>", "whose escrow").choices(["household", "aggregator"]).makeOptionMandatory())
    .action(verb(async (file, options) => (await import("./escrow.ts")).settlementDeposit(file, options, say)));

  const withdraw = settlement.command("withdraw").description("money out of escrow; with the key of an owner");
  for (const [step, description] of [
    ["request", "announce that this owner takes money out of its side alone, 30 days from now"],
    ["cancel", "take the announcement back"],
    ["execute", "take out what was announced, 30 to 60 days before, as far as it is still there"],
  ] as const) {
    const command = sending(withdraw.command(step), "the owner")
      .description(description)
      .argument(...pair);
    if (step === "request") command.requiredOption("--amount <amount>", "such as 25.50");
    command.action(verb(async (file, options) => (await import("./withdraw.ts")).withdrawAlone(step, file, options, say)));
  }
  keyed(withdraw.command("propose"), "one of the two owners")
    .description("print a withdrawal at once, signed by this owner, for the other one to approve")
    .argument(...pair)
    .requiredOption("--rpc <url>", "a node of the chain")
    .option("--household <amount>", "from the household's side to the household", "0")
    .option("--aggregator <amount>", "from the aggregator's side to the aggregator", "0")
    .option("--valid <time>", "how long it may be sent, such as 24h or 14d", "14d")
    .action(verb(async (file, options) => (await import("./withdraw.ts")).withdrawPropose(file, options, say)));
  sending(withdraw.command("approve"), "the other owner")
    .description("sign a proposed withdrawal and send it")
    .argument("<order>", "what withdraw propose printed")
    .action(verb(async (file, options) => (await import("./withdraw.ts")).withdrawApprove(file, options, say)));

  const contract = ["--contract <address>", "the settlement contract"] as const;
  sending(settlement.command("revoke"), "the owner")
    .description("end a signer at once, such as that of a stolen gateway")
    .argument("<signer>", "its address")
    .requiredOption(...contract)
    .action(verb(async (signer, options) => (await import("./owner-calls.ts")).settlementRevoke(signer, options, say)));
  sending(settlement.command("cap"), "the owner")
    .description("bound what the signer can make this owner owe in each pair and day")
    .argument("<amount>", "such as 12.50, or none")
    .requiredOption(...contract)
    .action(verb(async (amount, options) => (await import("./owner-calls.ts")).settlementCap(amount, options, say)));
  sending(settlement.command("retire"), "the registrar")
    .description("end a party; its money stays its own")
    .argument("<owner>", "its address")
    .requiredOption(...contract)
    .option("--until <instant>", "such as 2026-12-31T23:00:00Z (default: now)")
    .action(verb(async (owner, options) => (await import("./owner-calls.ts")).settlementRetire(owner, options, say)));
}
