import { execFileSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

/** An ext4 of its own on a loop device; it turns read-only at the first error, as on a gateway. */
export interface LoopDisk {
  /** Where it is mounted. */
  folder: string;
  /** Bytes written to the device so far. */
  writtenBytes(): number;
  /** Lets the file system meet an error. */
  fail(): void;
  remove(): void;
}

/** @param mkfs path of mkfs.ext4; needs root. @throws where the kernel gives no loop device */
export function loopDisk(mkfs: string, folder: string, sizeMiB: number): LoopDisk {
  const image = join(folder, "disk.img");
  const mounted = join(folder, "disk");
  mkdirSync(mounted);
  const handle = openSync(image, "w");
  ftruncateSync(handle, sizeMiB * 1024 * 1024);
  closeSync(handle);
  execFileSync(mkfs, ["-q", "-m", "0", image]);
  execFileSync("mount", ["-o", "loop,noatime,errors=remount-ro", image, mounted]);
  const device = basename(execFileSync("losetup", ["-j", image]).toString().split(":")[0] ?? "");
  return {
    folder: mounted,
    writtenBytes() {
      execFileSync("sync", ["-f", mounted]);
      // Field 7: sectors of 512 bytes.
      const fields = readFileSync(`/sys/block/${device}/stat`, "utf8").trim().split(/\s+/);
      return Number(fields[6]) * 512;
    },
    fail: () => writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, "test"),
    remove() {
      execFileSync("umount", ["-l", mounted]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
