import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { loopDisk } from "./loop-disk.ts";
import { simulatedHome } from "./simulated-home.ts";

const hourMs = 3_600_000;

/**
 * Bytes that reach the block device below the agent's state in a day of a telegram a second: an ext4 of its own, journal and
 * all; the agent with its own commit interval in simulated time.
 * @param options.warmUpHours at first, which are not counted
 */
export async function diskBytes(options: {
  warmUpHours: number;
  hours: number;
  shareS: number;
  seed: number;
  "mkfs.ext4": string;
}): Promise<Claim[]> {
  await using opened = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-bytes-"));
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "loop"));
  const disk = loopDisk(options["mkfs.ext4"], join(folder, "loop"), 256);
  opened.defer(() => disk.remove());
  const home = await simulatedHome({
    folder,
    stateFolder: join(disk.folder, "state"),
    seed: options.seed,
    everyS: 1,
    shareS: options.shareS,
  });
  opened.defer(() => home.stop());
  await home.clock.advanceUntil(home.clock.now() + options.warmUpHours * hourMs);
  const [beforeBytes, before] = [disk.writtenBytes(), await home.agent.status()];
  await home.clock.advanceUntil(home.clock.now() + options.hours * hourMs);
  const [bytes, after] = [disk.writtenBytes() - beforeBytes, await home.agent.status()];
  const readings = after.readings - before.readings;
  return [
    atMost(
      `disk-bytes: MB a day to the block device at a telegram a second, shared each ${options.shareS} s`,
      ((bytes / options.hours) * 24) / 1e6,
      200,
    ),
    atLeast(`disk-bytes: readings taken in ${options.hours} h (at least)`, readings, options.hours * 3600 * 0.95),
  ];
}
