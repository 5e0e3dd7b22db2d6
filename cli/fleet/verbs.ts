import type { Command } from "commander";
import type { Verb } from "../verb.ts";

/** Adds `smart-mla fleet …`. */
export function addFleetVerbs(root: Command, { verb, say }: { verb: Verb; say: (line: string) => void }): void {
  const config = ["-c, --config <file>", "YAML configuration (needed), its aggregator.yaml"] as const;
  const fleet = root.command("fleet").description("settings of all gateways; a running aggregator follows within seconds");
  fleet
    .command("ls")
    .description("every gateway with what is wanted of it and what it runs by; exit 1 where one went back or refused")
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(verb(async (options) => (await import("./show.ts")).fleetLs(options, say)));
  fleet
    .command("show")
    .description("a roll-out with each of its gateways; exit 1 where it was stopped")
    .argument("[id]", "its number; without it the newest")
    .requiredOption(...config)
    .option("--json", "one JSON object")
    .action(verb(async (id, options) => (await import("./show.ts")).fleetShow(id, options, say)));
  const rollout = fleet.command("rollout").description("bring settings to all gateways, stage by stage");
  rollout
    .command("start")
    .description("begin: first a few gateways by chance, then more; stops by itself where they do not keep it")
    .argument("<settings...>", "such as log.level=debug storage.commit_every_s=30, or none: as each gateway's own file says")
    .requiredOption(...config)
    .option("--stages <percents>", "shares of the fleet that have it after each stage", "5,25,100")
    .option("--trial <time>", "after which a gateway keeps it or goes back, 1m to 1h", "5m")
    .option("--silent <time>", "a gateway that says nothing so long after its trial counts as fallen out", "15m")
    .option("--most-bad <percent>", "more of a stage than this that go back, refuse or are silent stop it", "0")
    .option("--json", "one JSON object")
    .action(verb(async (settings, options) => (await import("./rollout.ts")).rolloutStart(settings, options, say)));
  const word = (name: "pause" | "resume" | "abort", description: string): void =>
    void rollout
      .command(name)
      .description(description)
      .argument("<id>", "its number")
      .requiredOption(...config)
      .option("--json", "one JSON object")
      .action(verb(async (id, options) => (await import("./rollout.ts")).rolloutWord(name, id, options, say)));
  word("pause", "send it to nobody more until it is resumed");
  word("resume", "go on");
  word("abort", "end it; gateways that have not kept it go back to what was wanted of them before");
}
