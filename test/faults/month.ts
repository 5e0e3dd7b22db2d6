import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { residentMiB } from "../../bench/process-usage.ts";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { simulatedHome } from "./simulated-home.ts";

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
  const files: { fewest: number; most: number }[] = [];
  for (let day = 0; day <= options.days; day++) {
    await home.clock.advanceUntil(home.clock.now() + dayMs);
    resident.push(residentMiB(pid));
    files.push(await openFiles(pid));
    options.say?.(`     day ${day}: ${resident.at(-1)?.toFixed(1)} MiB, ${files.at(-1)?.fewest} files`);
  }
  const rate = ((options.days + 1) * dayMs) / (performance.now() - startedMs);
  const { readings } = await home.agent.status();
  const [, ...days] = resident;
  const [first, ...others] = files;
  return [
    atMost(
      `month: resident memory, MiB more a day over ${options.days} days (${days.at(0)?.toFixed(0)} to ${days.at(-1)?.toFixed(0)} MiB, x${Math.round(rate)})`,
      slope(days),
      1,
    ),
    atMost(
      "month: open files more than after the first day",
      Math.max(...others.map(({ fewest }) => fewest)) - (first?.most ?? 0),
      0,
    ),
    atLeast("month: readings taken (at least)", readings, ((options.days + 1) * dayMs * 0.95) / 1000 / options.everyS),
  ];
}

/** A connection on its way in or out is in some looks only: what stays open is in all of them. */
async function openFiles(pid: number): Promise<{ fewest: number; most: number }> {
  let [fewest, most] = [Infinity, 0];
  for (let look = 0; look < 20; look++) {
    const count = readdirSync(`/proc/${pid}/fd`).length;
    [fewest, most] = [Math.min(fewest, count), Math.max(most, count)];
    await setTimeout(25);
  }
  return { fewest, most };
}

function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const up = values.reduce((sum, value, at) => sum + (at - middle) * (value - mean), 0);
  const down = values.reduce((sum, _, at) => sum + (at - middle) ** 2, 0);
  return down === 0 ? 0 : up / down;
}
