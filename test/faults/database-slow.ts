import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { holdDatabase } from "../fake/hold-database.ts";
import { loadedWorkers } from "./loaded-workers.ts";
import { rowsAtOnce } from "./worker-rig.ts";

/**
 * Another session holds the table of readings under load, so that no statement fails and none ends: no receipt comes meanwhile,
 * memory stays bounded, and all comes once when it is over.
 */
export async function databaseSlow(options: { heldS: number; mosquitto: string; openssl: string }): Promise<Claim[]> {
  await using loaded = await loadedWorkers(options);
  const { rig } = loaded;
  const url = `postgres://postgres@127.0.0.1:${rig.database.port}/workers`;
  const held = await holdDatabase({ engine: "postgres", url });
  const [atFirst, fromMs] = [rig.waiting(), performance.now()];
  const moreMiB = await loaded.lives(options.heldS);
  const waited = rig.waiting();
  const seconds = (performance.now() - fromMs) / 1000;
  await held.release();
  const name = `database-slow, ${options.heldS} s`;
  return [
    ...(await rig.judge(name)),
    atMost(`${name}: memory of a worker above that before, MiB`, moreMiB, 150),
    // Ten times a second, less what the machine was too busy for.
    atLeast(`${name}: rows that came while it was held and waited`, waited - atFirst, rowsAtOnce * 6 * seconds),
  ];
}
