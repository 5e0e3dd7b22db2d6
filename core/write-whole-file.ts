import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Puts a file in place whole or not at all, also at a power cut: written beside it, synced, renamed, and its folder synced. */
export function writeWholeFile(file: string, content: string | Uint8Array, mode: number): void {
  const half = `${file}.part`;
  // What a killed run left behind may have another mode.
  rmSync(half, { force: true });
  const handle = openSync(half, "wx", mode);
  try {
    writeFileSync(handle, content);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  renameSync(half, file);
  syncFolder(dirname(file));
}

/** Names in a folder are kept only once the folder itself is on the disk. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
