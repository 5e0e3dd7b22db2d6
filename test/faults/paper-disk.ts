import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Call } from "./record-calls.ts";

type Change = { at: number; bytes: Buffer } | { length: number };

/** A file as the process sees it is the durable part with all changes; what a cut leaves of the changes is chance. */
interface File {
  durable: Buffer;
  /** Since the last fsync, in order. */
  changes: Change[];
}

const sectorBytes = 512;

/** What a power cut leaves of writes that no fsync covers. */
const ways = ["nothing", "all", "a torn beginning", "any sectors"] as const;
type Way = (typeof ways)[number];

/**
 * strict: a name is durable after an fsync of its folder. as ext4: an fsync of any file makes all names before it durable.
 */
export type NamesRule = "strict" | "as ext4";

/** A disk on paper, for the files of one folder. */
export interface PaperDisk {
  /** Takes the next call of the recording. */
  take(call: Call): void;
  /** Puts into a folder what a power cut at this moment may have left. */
  cutInto(folder: string): void;
}

/**
 * Replays calls on files of a folder and knows what is durable: only what an fsync of the file covers, and names only after an
 * fsync of the folder. A failed fsync is as on Linux: any part may have been written, the rest never will be.
 * @param random in [0, 1)
 */
export function paperDisk(folder: string, random: () => number, rule: NamesRule = "strict"): PaperDisk {
  const open = new Map<number, { path: string; file: File | null; position: number }>();
  let durableNames = new Map<string, File>();
  let names = new Map<string, File>();
  /** All states of the folder since it was last synced, oldest first. */
  let namings: Map<string, File>[] = [];
  const rename = (change: (next: Map<string, File>) => void): void => {
    names = new Map(names);
    change(names);
    namings.push(names);
  };
  const pick = (count: number): number => Math.floor(random() * count);
  const lengthNow = ({ durable, changes }: File): number =>
    changes.reduce(
      (length, change) => ("length" in change ? change.length : Math.max(length, change.at + change.bytes.length)),
      durable.length,
    );
  const sync = (path: string, file: File | null, failed: boolean): void => {
    if (!failed && (path === folder || (file && rule === "as ext4"))) {
      durableNames = names;
      namings = [];
    }
    if (!file) return;
    file.durable = failed ? left(file, "any sectors") : left(file, "all");
    file.changes = [];
  };
  const left = ({ durable, changes }: File, way: Way): Buffer => {
    if (way === "nothing" || changes.length === 0) return durable;
    const kept = way === "a torn beginning" ? pick(changes.length + 1) : changes.length;
    const longest = Math.max(durable.length, ...changes.map(endOf));
    const content = Buffer.alloc(longest);
    durable.copy(content);
    let { length } = durable;
    for (const [index, change] of changes.slice(0, kept).entries()) {
      if ("length" in change) {
        if (way === "any sectors" && random() < 0.5) continue;
        if (change.length < length) content.fill(0, change.length, length);
        ({ length } = change);
        continue;
      }
      const torn = way === "a torn beginning" && index === kept - 1;
      for (const sector of sectorsOf(change)) {
        if (torn && random() < 0.3) break;
        if (way === "any sectors" && random() < 0.5) continue;
        sector.bytes.copy(content, sector.at);
        length = Math.max(length, sector.at + sector.bytes.length);
      }
    }
    return content.subarray(0, length);
  };
  return {
    take(call) {
      switch (call.call) {
        case "open": {
          const inside = dirname(call.path) === folder && !call.path.endsWith("-shm");
          const file = inside ? (names.get(call.path) ?? { durable: Buffer.alloc(0), changes: [] }) : null;
          if (file && names.get(call.path) !== file) rename((next) => next.set(call.path, file));
          if (file && call.empties) file.changes.push({ length: 0 });
          open.set(call.fd, { path: call.path, file, position: 0 });
          return;
        }
        case "close":
          return void open.delete(call.fd);
        case "write": {
          const to = open.get(call.fd);
          if (!to?.file) return;
          const at = call.at ?? to.position;
          if (call.at === null) to.position += call.bytes.length;
          to.file.changes.push({ at, bytes: call.bytes });
          return;
        }
        case "truncate": {
          const file = open.get(call.fd)?.file;
          if (file && lengthNow(file) !== call.length) file.changes.push({ length: call.length });
          return;
        }
        case "sync": {
          const of = open.get(call.fd);
          if (of) sync(of.path, of.file, call.failed);
          return;
        }
        case "unlink":
          if (names.has(call.path)) rename((next) => next.delete(call.path));
          return;
        case "rename": {
          const file = names.get(call.from);
          if (file) rename((next) => (next.delete(call.from), next.set(call.to, file)));
        }
      }
    },
    cutInto(target) {
      rmSync(target, { recursive: true, force: true });
      mkdirSync(target);
      // Names go to the disk in order; how far they had come is chance.
      const found = [durableNames, ...namings][pick(namings.length + 1)] ?? durableNames;
      const way = ways[pick(ways.length)] ?? "nothing";
      for (const [path, file] of found) writeFileSync(join(target, basename(path)), left(file, way));
    },
  };
}

const endOf = (change: Change): number => ("length" in change ? change.length : change.at + change.bytes.length);

function sectorsOf({ at, bytes }: { at: number; bytes: Buffer }): { at: number; bytes: Buffer }[] {
  const sectors = [];
  for (let from = at; from < at + bytes.length;) {
    const to = Math.min(at + bytes.length, (Math.floor(from / sectorBytes) + 1) * sectorBytes);
    sectors.push({ at: from, bytes: bytes.subarray(from - at, to - at) });
    from = to;
  }
  return sectors;
}
