import { setTimeout as delay } from "node:timers/promises";
import { atLeast, type Claim } from "../../bench/report.ts";
import { until } from "../fake/until.ts";
import { seededRandom } from "../fuzz/mutate.ts";
import { rowsAtOnce, workerRig } from "./worker-rig.ts";

const workers = 3;
const longestRunMs = 900;

/**
 * kill -9 of one of three workers, again and again, at random moments under load: a real Mosquitto with TLS, a real PostgreSQL,
 * and six homes with the agent's own outbox and delivery. Each row is there once, and no receipt ever says more than what is
 * stored.
 */
export async function workerKill(options: { kills: number; seed: number; mosquitto: string; openssl: string }): Promise<Claim[]> {
  const random = seededRandom(options.seed);
  const rig = await workerRig({ workers, ...options });
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rig.stop());
  const underWay: number[] = [];
  for (let kill = 0; kill < options.kills; kill++) {
    await delay(random() * longestRunMs);
    // Between two of its messages a quick machine has receipted all: a kill there would show nothing.
    await until("rows are under way", () => rig.waiting() >= rowsAtOnce);
    underWay.push(rig.waiting());
    const victim = Math.floor(random() * workers);
    await rig.team.stop(victim, "SIGKILL");
    await rig.team.start(victim);
  }
  const claims = await rig.judge(`worker-kill, ${options.kills} kills of ${workers} workers`);
  const held = "select count(distinct holder) from lease where name like 'homes %' and holder <> ''";
  return [
    ...claims,
    atLeast("worker-kill: workers that hold homes at the end (at least)", Number(rig.database.psql("workers", held)), 2),
    atLeast("worker-kill: rows under way at a kill, mean (at least)", mean(underWay), rowsAtOnce),
  ];
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
