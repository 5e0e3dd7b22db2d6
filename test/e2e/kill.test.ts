import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openWorld } from "../../cli/demo/world.ts";
import { scratch } from "../fake/scratch.ts";
import { killInTurn } from "./kill-in-turn.ts";

/** Every kind of process of the demo, each killed once while the day runs. */
const victims = ["broker", "home-1", "aggregator", "house-2", "chain", "home-2"];

it("loses nothing that was acknowledged and settles the day when any one process is killed", { timeout: 300_000 }, async () => {
  const folder = scratch("kill");
  const notes: string[] = [];
  const world = await openWorld({
    folder,
    homes: 2,
    seed: 7,
    cli: "dist/main.js",
    show: { note: (line) => void notes.push(line), table: () => undefined },
  });
  onTestFinished(() => world.stop());
  await world.start();
  const day = world.runDay();
  await killInTurn(world, notes, { victims, hours: 3 });
  await day;
  const { counts, missed } = await world.check();
  expect(missed).toEqual([]);
  expect(counts.readingsDelivered).toBe(counts.readings);
  expect(notes.filter((line) => line.includes("died")).map((line) => line.split(" ")[1])).toEqual(victims);
  // The helper that systemd would run put the relays right before the agent started again.
  const log = readFileSync(join(folder, "log", "home-1.log"), "utf8").split("\n");
  expect(log.filter((line) => line.includes(`"msg":"in its safe state"`))).toHaveLength(3);
});
