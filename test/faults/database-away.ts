import { setTimeout as delay } from "node:timers/promises";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { until } from "../fake/until.ts";
import { loadedWorkers } from "./loaded-workers.ts";
import { rowsAtOnce } from "./worker-rig.ts";

const backMs = 60_000;

/**
 * The database of two workers is killed under load and stays away, then the broker starts anew, then one worker sleeps for
 * longer than its lease: nothing that was receipted is lost, all comes in the end, and memory stays bounded.
 */
export async function databaseAway(options: { awayS: number; mosquitto: string; openssl: string }): Promise<Claim[]> {
  await using loaded = await loadedWorkers(options);
  const { rig } = loaded;
  await rig.database.kill();
  const moreMiB = await loaded.lives(options.awayS);
  const waited = rig.waiting();
  await rig.database.start();
  await until("receipts come again", () => rig.waiting() < waited / 2, backMs).catch(() => undefined);
  await rig.broker.restart();
  await rig.team.stop(0, "SIGSTOP");
  await delay(4000);
  await rig.team.stop(0, "SIGCONT");
  return [
    ...(await rig.judge(`database-away, ${options.awayS} s, a restart of the broker, a worker asleep`)),
    atMost("database-away: memory of a worker above that before, MiB", moreMiB, 150),
    atLeast("database-away: rows that waited when it came back (at least)", waited, rowsAtOnce * 6 * options.awayS),
  ];
}
