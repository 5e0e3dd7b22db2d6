import { once } from "node:events";
import { Command, CommanderError, Option } from "commander";
import { AppError, errorCode, errorMessage } from "../core/app-error.ts";
import { addAggregatorVerbs } from "./aggregator/verbs.ts";
import { addFleetVerb } from "./simulate-fleet-verb.ts";
import { plainText } from "../core/plain-text.ts";
import { ConfigError } from "./config-error.ts";
import { exitCode } from "./exit-code.ts";
import { addFleetVerbs } from "./fleet/verbs.ts";
import { addKeyVerbs } from "./key-verbs.ts";
import { addExchangeVerbs } from "./market/exchange-verbs.ts";
import { addWholesaleVerbs } from "./market/wholesale-verbs.ts";
import type { Verb } from "./verb.ts";
import { programVersion } from "./program-version.ts";
import { addSettlementVerbs } from "./settlement/verbs.ts";
import { addGatewayVerbs } from "./settlement/gateway-verbs.ts";
import { addPublicVerbs } from "./settlement/public-verbs.ts";

/**
 * Runs one command line and gives its exit code: 0 good, 1 a check failed, 2 usage or configuration, 3 unreachable.
 * Each verb is imported only when it runs: an agent on a Pi never loads the chain node or the demo.
 */
export async function program(argv: readonly string[]): Promise<number> {
  let code: number = exitCode.good;
  const verb: Verb =
    (run) =>
    async (...args) => {
      code = await run(...args);
    };
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const write = async (text: string): Promise<void> => {
    if (!process.stdout.write(text)) await once(process.stdout, "drain");
  };
  const root = new Command("smart-mla")
    .description("Smart-meter edge agent and the aggregator system around it")
    .version(programVersion(), "--version", "version of the program, and nothing else")
    .exitOverride()
    .showHelpAfterError("(add --help for what is possible)");
  const config = ["-c, --config <file>", "YAML configuration (needed), such as /etc/smart-mla/agent.yaml"] as const;

  const agent = root.command("agent").description("the daemon on a gateway");
  agent
    .command("run")
    .description("read meters, follow schedules, switch relays, sign settlements")
    .requiredOption(...config)
    .action(verb(async ({ config: file }: { config: string }) => (await import("./agent-run.ts")).agentRun(file, say)));

  addAggregatorVerbs(root, { verb, say, write });
  addFleetVerbs(root, { verb, say });

  root
    .command("enrol")
    .description("get a certificate, pinned keys and the broker's address from the aggregator, by its one-time code")
    .argument("[code]", "as smart-mla aggregator enrol printed it")
    .requiredOption(...config)
    .option(
      "--renew",
      "instead of a code: a new certificate by the present one, where that has less than a third of its time left",
    )
    .option("--now", "with --renew: however long it is still good")
    .option("--json", "one JSON object")
    .action(verb(async (token, options) => (await import("./enrol.ts")).enrolGateway(token, options, say)));

  root
    .command("unenrol")
    .description("forget certificate, key and pinned keys; stop the agent first")
    .requiredOption(...config)
    .option("--erase", "have the aggregator delete this home's data first, then delete the readings here")
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./unenrol.ts")).unenrolGateway(options, say)));

  const configuration = root.command("config").description("work with the agent's configuration");
  configuration
    .command("check")
    .description("say whether a configuration is good, with the place of every mistake")
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(
      verb(async (options: { config: string; json?: true }) => (await import("./config-check.ts")).configCheck(options, say)),
    );
  configuration
    .command("schema")
    .description("print the JSON Schema of the configuration, for editors")
    .action(verb(async () => (await import("./config-check.ts")).configSchema(say)));

  root
    .command("status")
    .description("how the running agent stands")
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(verb(async (options: { config: string; json?: true }) => (await import("./status.ts")).status(options, say)));

  root
    .command("doctor")
    .description("look at clock, disk, keys, certificates, lines, broker and chain; every fault with its cure")
    .requiredOption(...config)
    .option("--bundle <file>", "write all of it, the configuration and rejected frames to a file for support, without secrets")
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./doctor/doctor.ts")).doctor(options, say)));

  const relay = root.command("relay").description("work with relays");
  relay
    .command("failsafe")
    .description("put every relay into its declared safe state; what systemd runs after a crash")
    .requiredOption(...config)
    .action(verb(async ({ config: file }: { config: string }) => (await import("./relay-failsafe.ts")).relayFailsafe(file, say)));

  relay
    .command("test")
    .description(
      "click a relay: out of its safe state for a time and back; by the running agent and its guard where there is one",
    )
    .argument("<relay>", "name in the configuration")
    .requiredOption(...config)
    .option("--for <time>", "from 1s to 15m", "5s")
    .action(verb(async (name, options) => (await import("./relay-test.ts")).relayTest(name, options, say)));

  const meter = root.command("meter").description("what meters say");
  meter
    .command("read")
    .description("the newest reading of a meter, from the running agent")
    .argument("<meter>", "name in the configuration")
    .requiredOption(...config)
    .option("--watch", "again each second, until Ctrl-C")
    .option("--json", "one JSON object a reading")
    .action(verb(async (name, options) => (await import("./meter-read.ts")).meterRead(name, options, say)));

  const schedule = root.command("schedule").description("what the appliances are to do");
  schedule
    .command("show")
    .description("the next 24 hours of each appliance, and by whose word")
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./schedule.ts")).scheduleShow(options, say)));
  schedule
    .command("explain")
    .description("what holds at a time for each appliance, and why")
    .argument("<time>", "18:00 (local), an instant such as 2026-12-27T18:00:00Z, or now")
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(verb(async (time, options) => (await import("./schedule.ts")).scheduleExplain(time, options, Date.now(), say)));

  const prices = root.command("prices").description("what a kWh costs");
  prices
    .command("show")
    .description("ask the provider of the configuration now: what the household pays and gets, taxes and fees included")
    .requiredOption(...config)
    .option("--from <time>", "a local day (2026-03-01) or a time (2026-03-01T12:00) (default: today)")
    .option("--to <time>", "the same; it is not included (default: two days later)")
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./prices-show.ts")).pricesShow(options, say)));

  addKeyVerbs(root, { verb, say, config });

  const simulate = root.command("simulate").description("parts of a simulated world, on loopback only");
  simulate
    .command("house")
    .description("a house with physics: P1 and HAN streams, Modbus TCP")
    .requiredOption("--name <name>", "name at the clock server")
    .option("--clock <url>", "unix:/SOCKET or tcp://127.0.0.1:PORT of a clock server; without it time is real")
    .option("--seed <n>", "seed of all that is random", "1")
    .option("--panels <w>", "peak power of the panels of a new house; 0 without any", "4000")
    .option("--battery <wh>", "capacity of the battery of a new house; 0 without one", "0")
    .option("--p1-port <port>", "0 picks one", "0")
    .option("--han-port <port>", "0 picks one", "0")
    .option("--modbus-port <port>", "0 picks one", "0")
    .option("--every <seconds>", "seconds between telegrams", "10")
    .option("--state <file>", "keeps the counters over a restart")
    .action(verb(async (options) => (await import("./simulate-house.ts")).simulateHouse(options, say)));
  simulate
    .command("broker")
    .description("an MQTT 3.1.1 broker for development")
    .option("--port <port>", "0 picks one", "0")
    .option("--users <file>", "JSON object of passwords by user; without it anybody may do anything")
    .action(verb(async (options) => (await import("./simulate-broker.ts")).simulateBroker(options, say)));
  addFleetVerb(simulate, { verb, say });
  simulate
    .command("chain")
    .description("a development chain (anvil) whose block times follow a clock server")
    .requiredOption("--clock <url>", "unix:/SOCKET or tcp://127.0.0.1:PORT of a clock server")
    .requiredOption("--state <file>", "keeps the chain over a restart")
    .option("--port <port>", "0 picks one", "0")
    .action(verb(async (options) => (await import("./simulate-chain.ts")).simulateChain(options, say)));

  root
    .command("rejected")
    .description("frames of meters that the agent did not believe, with their bytes as hex")
    .requiredOption(...config)
    .option("--meter <name>", "of this meter only")
    .option("--json", "JSON lines")
    .action(verb(async ({ config: file, ...options }) => (await import("./rejected.ts")).rejected(file, options, say)));

  root
    .command("export")
    .description("what the agent has stored, as CSV; the names of the columns say the unit")
    .argument("<what>", "readings, slots, settlements or savings")
    .requiredOption(...config)
    .requiredOption("--from <time>", "a local day (2026-03-01) or an instant (2026-03-01T12:00:00Z)")
    .option("--to <time>", "the same; it is not included (default: now)")
    .option("--json", "JSON lines instead of CSV")
    .action(verb(async (what, options) => (await import("./export.ts")).exportStored(what, options, write)));
  root
    .command("savings")
    .description("what a month has saved, against appliances left to themselves at the same prices")
    .requiredOption(...config)
    .option("--month <month>", "such as 2026-11 (default: this month so far)")
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./savings.ts")).savings(options, Date.now(), say)));
  root
    .command("backup")
    .description("a checked copy of the agent's database; the agent may go on running")
    .argument("<file>", "where to, a new file")
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(verb(async (file, options) => (await import("./backup.ts")).backupDatabase(file, options, say)));
  root
    .command("restore")
    .description("put a backup in the place of the database, which is set aside; stop the agent first")
    .argument("<file>", "made by backup")
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(verb(async (file, options) => (await import("./backup.ts")).restoreDatabase(file, options, say)));

  root
    .command("decode")
    .description("telegrams and frames in captured bytes of a meter, one JSON line each; exit 1 when one is broken")
    .argument("<file>", "raw bytes, or hex text where its name ends in .hex; - for standard input")
    .option("--key <hex>", "encryption key, 32 hex digits")
    .option("--auth-key <hex>", "authentication key, 32 hex digits")
    .addOption(new Option("--zone <zone>", "of the meter's clock in winter").choices(["WET", "CET", "EET"]).default("CET"))
    .option("--hex", "the input is hex text")
    .option("--map <family>", "the bytes are an answer of a Modbus meter of this family")
    .option("--start <address>", "first register of that answer, from 0")
    .option("--json", "JSON lines also on a terminal")
    .action(verb(async (file, options) => (await import("./decode.ts")).decode(file, options, say)));

  root
    .command("probe")
    .description("look for a meter at a port, and print the configuration that reads it; exit 1 when none was found")
    .option("--serial <port>", "device, such as /dev/ttyUSB0")
    .option("--tcp <host:port>", "socket of a box that passes a serial line on, or that speaks Modbus TCP")
    .option("--modbus", "ask for Modbus units instead of listening")
    .option("--timeout <seconds>", "how long to listen under each setting (12), or for a Modbus unit (0.2)")
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./probe.ts")).probeLine(options, say)));

  root
    .command("demo")
    .description("the whole system on loopback with simulated homes; no real devices, no money")
    .option("--homes <n>", "how many", "3")
    .option("--seed <n>", "seed of all that is random", "1")
    .option("--once", "end after one day; exit 1 when something promised did not happen")
    .option("--json", "last line of stdout: one JSON object of what happened")
    .action(verb(async (options) => (await import("./demo/demo.ts")).demo(options, say)));

  const override = root.command("override").description("the resident's word on an appliance; it stands above the plan");
  const how = { boost: "on now, whatever it costs", pause: "off", holiday: "off, for days or weeks" } as const;
  for (const mode of ["boost", "pause", "holiday"] as const)
    override
      .command(mode)
      .description(how[mode])
      .argument("<appliance>", "name in the configuration")
      .requiredOption(...config)
      .option("--for <time>", "such as 90m, 2h or 14d")
      .option("--until <time>", "18:00 or 2026-12-27T18:00 (local), or an instant such as 2026-12-27T17:00:00Z")
      .action(verb(async (name, options) => (await import("./override.ts")).setOverride(mode, name, options, say)));
  override
    .command("clear")
    .description("back to the plan")
    .argument("<appliance>", "name in the configuration")
    .requiredOption(...config)
    .action(verb(async (name, options) => (await import("./override.ts")).clearOverride(name, options, say)));

  const consent = root.command("consent").description("what the household lets its aggregator see");
  const scopes = ["<scope>", "readings or appliances"] as const;
  consent
    .command("give")
    .description("allow one kind of data to leave the house; the agent signs it and tells the aggregator")
    .argument(...scopes)
    .requiredOption(...config)
    .option("--every <seconds>", "of readings: 10 to 899 (default: 60)")
    .option("--until <time>", "such as 2027-01-01 (default: until it is taken back)")
    .action(verb(async (scope, options) => (await import("./consent.ts")).sayConsent(true, scope, options, say)));
  consent
    .command("revoke")
    .description("take it back; nothing more of it leaves the house from now on")
    .argument(...scopes)
    .requiredOption(...config)
    .action(verb(async (scope, options) => (await import("./consent.ts")).sayConsent(false, scope, options, say)));
  consent
    .command("show")
    .description("what is allowed now, since when and by whom")
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./consent.ts")).showConsents(options, say)));

  root
    .command("plan")
    .description("the cheapest plan of one home that keeps its wishes; needs no hardware")
    .argument("[problem]", "JSON or YAML; - for standard input")
    .addOption(
      new Option("--engine <name>", "fast as on a gateway, exact by a solver").choices(["fast", "exact"]).default("fast"),
    )
    .option("--polish", "fast: let a solver improve the plan, in about a second")
    .option("--gap <share>", "exact: how far from the cheapest plan it may stop", "0.0001")
    .option("--time-limit <seconds>", "exact: when it stops at the latest", "60")
    .option("--strict", "exit 1 where a wish or a limit is missed")
    .option("--schema", "print the JSON schema of a problem")
    .option("--json", "one JSON object also on a terminal")
    .action(verb(async (file, options) => (await import("./plan.ts")).plan(file, options, say)));

  const guarding = root.command("guard").description("decisions about appliances");
  guarding
    .command("replay")
    .description("what a recorded trace would have switched, and why; needs no hardware")
    .argument("<trace>", "JSON lines; - for standard input")
    .option("--json", "JSON lines also on a terminal")
    .action(verb(async (file, options) => (await import("./guard-replay.ts")).guardReplay(file, options, say)));

  const market = root.command("market").description("markets for energy and flexibility");
  market
    .command("run")
    .description("a grid operator that keeps its grid from being overloaded, with the aggregators on it")
    .requiredOption("-c, --config <file>", "YAML configuration (needed), its market.yaml")
    .action(verb(async ({ config: file }: { config: string }) => (await import("./market-run.ts")).marketRun(file, say)));
  market
    .command("report")
    .description("a grid operator's sessions: congestion, orders, what was answered to them, settlement; it may run")
    .requiredOption("-c, --config <file>", "YAML configuration (needed), its market.yaml")
    .option("--days <n>", "newest days", "7")
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./market/flex-report.ts")).flexReport(options, say)));
  market
    .command("replay")
    .description("clear a book of orders from a file: trades, prices and welfare; needs no exchange")
    .argument("[book]", "JSON or YAML; - for standard input")
    .option("--schema", "print the JSON schema of a book")
    .option("--json", "one JSON object also on a terminal")
    .action(verb(async (file, options) => (await import("./market-replay.ts")).marketReplay(file, options, say)));
  market
    .command("rounds")
    .description("play grid operator and aggregators on a congested grid from a file: rounds, repair, orders; needs neither")
    .argument("[case]", "JSON or YAML; - for standard input")
    .option("--strict", "exit 1 where a limit is not kept")
    .option("--schema", "print the JSON schema of a case")
    .option("--json", "one JSON object also on a terminal")
    .action(verb(async (file, options) => (await import("./market-rounds.ts")).marketRounds(file, options, say)));
  addExchangeVerbs(market, { verb, say });
  addWholesaleVerbs(market, { verb, say });

  const settlement = root.command("settlement").description("settlement records and their proofs");
  addSettlementVerbs(settlement, { verb, say });
  addGatewayVerbs(settlement, { verb, say, config });
  addPublicVerbs(settlement, { verb, say });

  try {
    await root.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    // Whoever reads (`| head`) has enough.
    if (error instanceof Error && "code" in error && error.code === "EPIPE") return exitCode.good;
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.good : exitCode.usage;
    // Mistakes in a configuration speak for themselves: file:line:col path message.
    const said = error instanceof ConfigError ? error.lines.join("\n") : `${errorCode(error)}: ${errorMessage(error)}`;
    process.stderr.write(`${printable(said)}\n`);
    return error instanceof AppError && error.temporary ? exitCode.unreachable : exitCode.usage;
  }
}

/** Names in files come from others: none of them moves the cursor of whoever reads of a mistake. */
const printable = (text: string): string =>
  text
    .split("\n")
    .map((line) => plainText(line, Infinity))
    .join("\n");
