import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { parse } from "yaml";
import type { DemoSettling } from "../../cli/demo/demo-files.ts";
import { openWorld } from "../../cli/demo/world.ts";
import { openChainView } from "../../settlement/audit/chain-view.ts";
import { SignedAgreement } from "../../settlement/record/agreement.ts";
import { scratch } from "../fake/scratch.ts";
import { killInTurn } from "./kill-in-turn.ts";

/** Import of each hour, and the reward of the day; beside them there is export in some hours. */
const leastRecords = 25;

/** What the chain has settled of a home: the numbers in order, and how the pair stands. */
async function settledOf(folder: string, home: string) {
  const { agreement } = SignedAgreement.parse(JSON.parse(readFileSync(join(folder, home, "agreement.json"), "utf8")));
  const yaml = parse(readFileSync(join(folder, home, "agent.yaml"), "utf8")) as { settlement: { rpc_url: string } };
  const view = await openChainView(yaml.settlement.rpc_url, agreement.settlementContract);
  const seqs: number[] = [];
  for await (const { events } of view.events({ fromBlock: 0, toBlock: await view.newestBlock() }))
    for (const event of events)
      if (event.name === "Settled" && event.a === agreement.a && event.b === agreement.b) seqs.push(event.seq);
  const pair = await view.pairAt(agreement.a, agreement.b, await view.newestBlock());
  view.close();
  return { seqs, pair };
}

it.each<[DemoSettling, victims: string[]]>([
  ["each by the aggregator", ["aggregator", "chain"]],
  ["each by the gateway", ["home-1", "chain"]],
])(
  "a day of whole programs on a chain of its own, settled %s: each record once, in order, also where %j are killed",
  { timeout: 300_000 },
  async (settling, victims) => {
    const folder = scratch("private-chain");
    const notes: string[] = [];
    const world = await openWorld({
      folder,
      homes: 1,
      seed: 7,
      cli: "dist/main.js",
      settling,
      show: { note: (line) => void notes.push(line), table: () => undefined },
    });
    onTestFinished(() => world.stop());
    await world.start();
    const day = world.runDay();
    await killInTurn(world, notes, { victims, hours: 5 });
    await day;
    const { missed } = await world.check();
    expect(missed).toEqual([]);
    const { seqs, pair } = await settledOf(folder, "home-1");
    expect(seqs.length).toBeGreaterThanOrEqual(leastRecords);
    expect(seqs).toEqual(Array.from({ length: seqs.length }, (_, at) => at + 1));
    expect([pair.seq, pair.open]).toEqual([seqs.length, 0n]);
    const sent = readFileSync(join(folder, "log", "home-1.log"), "utf8")
      .split("\n")
      .filter((line) => line.includes("settled by the gateway"));
    expect(sent.length > 0).toBe(settling === "each by the gateway");
  },
);
