import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { residentMiB } from "../../bench/process-usage.ts";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { until } from "../fake/until.ts";
import { simulatedHome, type SimulatedHome } from "./simulated-home.ts";

/**
 * Simulated days on end: resident memory of the agent does not grow by a MiB a day, and it holds no more files than at first.
 * The first day warms up; the slope is that of the line of least squares through the ends of the others.
 * @param options.dayHours 24; a small run has shorter days
 */
export async function month(options: {
  days: number;
  dayHours: number;
  everyS: number;
  seed: number;
  say?: (line: string) => void;
}): Promise<Claim[]> {
  const dayMs = options.dayHours * 3_600_000;
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-month-"));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const home = await simulatedHome({ ...options, shareS: 60, folder, stateFolder: join(folder, "state") });
  opened.defer(() => home.stop());
  const pid = home.agent.pid();
  const startedMs = performance.now();
  const resident: number[] = [];
  let usualFiles = 0;
  for (let day = 0; day <= options.days; day++) {
    await home.clock.advanceUntil(home.clock.now() + dayMs);
    resident.push(residentMiB(pid));
    if (day === 0) {
      await connected(home);
      usualFiles = await mostFiles(pid);
    }
    options.say?.(`     day ${day}: ${resident.at(-1)?.toFixed(1)} MiB, ${openFiles(pid)} files`);
  }
  const rate = ((options.days + 1) * dayMs) / (performance.now() - startedMs);
  const { readings } = await home.agent.status();
  const [, ...days] = resident;
  await connected(home);
  const lasting = await lastingFiles(pid, usualFiles);
  return [
    atMost(
      `month: resident memory, MiB more a day over ${options.days} days (${days.at(0)?.toFixed(0)} to ${days.at(-1)?.toFixed(0)} MiB, x${Math.round(rate)})`,
      slope(days),
      1,
    ),
    atMost("month: open files more than after the first day", Math.max(0, lasting - usualFiles), 0),
    atLeast("month: readings taken (at least)", readings, ((options.days + 1) * dayMs * 0.95) / 1000 / options.everyS),
  ];
}

/**
 * A day may end while the agent is between two connections to the broker: one file less, and one more a day later. Connecting
 * takes wall time.
 */
const connected = ({ agent }: SimulatedHome): Promise<void> =>
  until("the agent is connected to the broker", async () => (await agent.status()).connected);

const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** The most that are open within half a second: connections come and go. */
async function mostFiles(pid: number): Promise<number> {
  let most = 0;
  for (let look = 0; look < 20; look++) {
    most = Math.max(most, openFiles(pid));
    await setTimeout(25);
  }
  return most;
}

/** How many stay open: what nobody closes is still there in half a minute, a connection on its way out is not. */
async function lastingFiles(pid: number, usual: number): Promise<number> {
  let fewest = openFiles(pid);
  for (let look = 0; look < 120 && fewest > usual; look++) {
    await setTimeout(250);
    fewest = Math.min(fewest, openFiles(pid));
  }
  return fewest;
}

function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const up = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0);
  const down = values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  return down === 0 ? 0 : up / down;
}
