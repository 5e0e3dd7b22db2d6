import { setTimeout as delay } from "node:timers/promises";
import { residentMiB } from "../../bench/process-usage.ts";
import { workerRig } from "./worker-rig.ts";

const workers = 2;
const warmUpMs = 5000;

/** Two workers under load that have found their rhythm. */
export async function loadedWorkers(peers: { mosquitto: string; openssl: string }) {
  const rig = await workerRig({ workers, ...peers });
  const memoryMiB = (): number => Math.max(...Array.from({ length: workers }, (_, index) => residentMiB(rig.team.pid(index))));
  await delay(warmUpMs);
  const before = memoryMiB();
  return {
    rig,
    /** Lets so much time pass. @returns what one of them held more at most meanwhile than at first, MiB */
    async lives(seconds: number): Promise<number> {
      let most = 0;
      for (let second = 0; second < seconds; second++) {
        await delay(1000);
        most = Math.max(most, memoryMiB());
      }
      return most - before;
    },
    [Symbol.asyncDispose]: () => rig.stop(),
  };
}
