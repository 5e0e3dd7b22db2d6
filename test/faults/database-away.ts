import { setTimeout as delay } from "node:timers/promises";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { residentMiB } from "../../bench/process-usage.ts";
import { until } from "../fake/until.ts";
import { rowsAtOnce, workerRig } from "./worker-rig.ts";

const workers = 2;
const warmUpMs = 5000;
const backMs = 60_000;

/**
 * The database of two workers is killed under load and stays away, then the broker starts anew, then one worker sleeps for
 * longer than its lease: nothing that was receipted is lost, all comes in the end, and memory stays bounded.
 */
export async function databaseAway(options: { awayS: number; mosquitto: string; openssl: string }): Promise<Claim[]> {
  const rig = await workerRig({ workers, ...options });
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rig.stop());
  const memoryMiB = (): number => Math.max(...Array.from({ length: workers }, (_, index) => residentMiB(rig.team.pid(index))));
  await delay(warmUpMs);
  const before = memoryMiB();
  await rig.database.kill();
  let most = 0;
  for (let second = 0; second < options.awayS; second++) {
    await delay(1000);
    most = Math.max(most, memoryMiB());
  }
  const waited = rig.waiting();
  await rig.database.start();
  await until("receipts come again", () => rig.waiting() < waited / 2, backMs).catch(() => undefined);
  await rig.broker.restart();
  await rig.team.stop(0, "SIGSTOP");
  await delay(4000);
  await rig.team.stop(0, "SIGCONT");
  return [
    ...(await rig.judge(`database-away, ${options.awayS} s, a restart of the broker, a worker asleep`)),
    atMost("database-away: memory of a worker above that before, MiB", most - before, 150),
    atLeast("database-away: rows that waited when it came back (at least)", waited, rowsAtOnce * 6 * options.awayS),
  ];
}
