import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder for all that faults write; `remove` unmounts first what is mounted in it. */
export function scratchOfFaults(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), "faults-"));
  // A broker that becomes its own user has files in it.
  chmodSync(folder, 0o711);
  return {
    folder,
    remove() {
      const mounted = readFileSync("/proc/mounts", "utf8")
        .split("\n")
        .map((line) => line.split(" ")[1] ?? "")
        .filter((place) => place.startsWith(`${folder}/`));
      for (const place of mounted.toReversed()) execFileSync("umount", ["-l", place]);
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
