import { setTimeout as delay } from "node:timers/promises";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { residentMiB } from "../../bench/process-usage.ts";
import { holdDatabase } from "../fake/hold-database.ts";
import { rowsAtOnce, workerRig } from "./worker-rig.ts";

const workers = 2;
const warmUpMs = 5000;

/**
 * Another session holds the table of readings under load, so that no statement fails and none ends: no receipt comes meanwhile,
 * memory stays bounded, and all comes once when it is over.
 */
export async function databaseSlow(options: { heldS: number; mosquitto: string; openssl: string }): Promise<Claim[]> {
  const rig = await workerRig({ workers, ...options });
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rig.stop());
  const memoryMiB = (): number => Math.max(...Array.from({ length: workers }, (_, index) => residentMiB(rig.team.pid(index))));
  await delay(warmUpMs);
  const before = memoryMiB();
  const url = `postgres://postgres@127.0.0.1:${rig.database.port}/workers`;
  const held = await holdDatabase({ engine: "postgres", url });
  const [atFirst, fromMs] = [rig.waiting(), performance.now()];
  let most = 0;
  for (let second = 0; second < options.heldS; second++) {
    await delay(1000);
    most = Math.max(most, memoryMiB());
  }
  const waited = rig.waiting();
  const seconds = (performance.now() - fromMs) / 1000;
  await held.release();
  const name = `database-slow, ${options.heldS} s`;
  return [
    ...(await rig.judge(name)),
    atMost(`${name}: memory of a worker above that before, MiB`, most - before, 150),
    // Ten times a second, less what the machine was too busy for.
    atLeast(`${name}: rows that came while it was held and waited`, waited - atFirst, rowsAtOnce * 6 * seconds),
  ];
}
