import { closeSync, fsyncSync, ftruncateSync, openSync, rmSync, statfsSync, statSync, writeSync } from "node:fs";

const sizeBytes = 4 * 1024 * 1024;

/** Room on the disk that is kept for bad times: a database on a full disk needs some even to delete. */
export interface Reserve {
  /** Lets the room go; true where there was some. */
  release(): boolean;
  /** Takes it again where the disk has plenty; at once where it is there already. */
  refill(): void;
}

/** A file of 4 MiB beside the database. */
export function diskReserve(file: string): Reserve {
  const there = (): boolean => statSync(file, { throwIfNoEntry: false }) !== undefined;
  return {
    release() {
      if (!there()) return false;
      try {
        const handle = openSync(file, "r+");
        try {
          // A journalling file system gives blocks back only when it commits; whoever asked needs them now.
          ftruncateSync(handle);
          fsyncSync(handle);
        } finally {
          closeSync(handle);
        }
      } finally {
        rmSync(file, { force: true });
      }
      return true;
    },
    refill() {
      if (there()) return;
      try {
        const { bavail, bsize } = statfsSync(file.slice(0, file.lastIndexOf("/")) || ".");
        if (bavail * bsize < 4 * sizeBytes) return;
        const handle = openSync(file, "wx", 0o600);
        try {
          // Written, not only lengthened: a file with a hole keeps no room.
          for (let written = 0; written < sizeBytes;) written += writeSync(handle, Buffer.alloc(65_536, 1));
          fsyncSync(handle);
        } finally {
          closeSync(handle);
        }
      } catch {
        // No room for the reserve itself: then there is none, and it is tried again in an hour.
        rmSync(file, { force: true });
      }
    },
  };
}
