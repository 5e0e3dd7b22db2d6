import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError, errorMessage } from "../../core/app-error.ts";
import type { BlobBlock, BlobSource } from "./beacon-blobs.ts";
import { blobCapacity, fromBlobs } from "./blob-bytes.ts";
import type { LogPlace } from "./log-place.ts";

/** An epoch whose data is wanted: what the chain says of it. */
export interface WantedEpoch {
  by: string;
  epoch: number;
  root: string;
  count: number;
  place: LogPlace;
  /** Versioned hashes of the commitment's blobs and then of those attached later, with the block that has each. */
  blobs: readonly (BlobBlock & { hash: string })[];
}

/** Somebody who may have an epoch's data. Nobody needs to trust it: the root on chain says whether it is the right one. */
export interface EpochSource {
  /** For people: a folder, an address. */
  readonly name: string;
  /** Whether what it gives has the versioned hashes on chain. */
  readonly checksBlobs?: true;
  /**
   * Undefined where it has none.
   * @param mostBytes what is longer cannot be the data
   * @throws AppError epoch-data-unreadable (temporary where trying again may help)
   */
  fetch(wanted: WantedEpoch, mostBytes: number): Promise<Uint8Array | undefined>;
}

/** Where an epoch's data is in a folder: under BY/EPOCH, as at a mirror, so that any web server can serve the folder. */
export const epochFile = (folder: string, by: string, epoch: number): string => join(folder, by, String(epoch));

/** A folder of data files, such as that of a mirror or of the party itself. */
export function folderSource(folder: string): EpochSource {
  return {
    name: folder,
    async fetch({ by, epoch }, mostBytes) {
      const file = epochFile(folder, by, epoch);
      try {
        const { size } = await stat(file);
        if (size > mostBytes) throw unreadable(`${file} has ${size} bytes, the epoch can have ${mostBytes}`);
        return await readFile(file);
      } catch (error) {
        if (error instanceof AppError) throw error;
        if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
        throw unreadable(`cannot read ${file}: ${errorMessage(error)}`, error);
      }
    },
  };
}

/** A web server that gives the data under `BASE/BY/EPOCH`. */
export function mirrorSource(base: string, timeoutMs = 60_000): EpochSource {
  const url = base.replace(/\/+$/, "");
  return {
    name: url,
    async fetch({ by, epoch }, mostBytes) {
      const from = `${url}/${by}/${epoch}`;
      try {
        const response = await fetch(from, { signal: AbortSignal.timeout(timeoutMs) });
        if (response.status === 404) return undefined;
        if (!response.ok || !response.body) throw unreadable(`${from} answers ${response.status}`, undefined, true);
        return await readBounded(response.body, mostBytes, from);
      } catch (error) {
        if (error instanceof AppError) throw error;
        throw unreadable(`${from} does not answer: ${errorMessage(error)}`, error, true);
      }
    },
  };
}

/** The blobs that the chain has bound to the epoch, for as long as somebody keeps them. */
export function blobEpochSource(name: string, source: BlobSource): EpochSource {
  return {
    name,
    checksBlobs: true,
    async fetch({ place, blobs }) {
      if (place.in !== "blobs") return undefined;
      const needed = Math.ceil(place.length / blobCapacity);
      // Blobs may be bound a second time once the network has dropped them.
      const unique = [...new Map(blobs.toReversed().map((blob) => [blob.hash, blob])).values()].toReversed();
      if (unique.length < needed)
        throw unreadable(`${place.length} bytes need ${needed} blobs, the chain has bound ${unique.length}`);
      const wanted = unique.slice(0, needed);
      const found: Uint8Array[] = [];
      for (const block of new Set(wanted.map((blob) => blob.block))) {
        const [first, ...others] = wanted.filter((blob) => blob.block === block);
        if (first)
          found.push(
            ...(await source.blobsOf(
              first,
              [first, ...others].map(({ hash }) => hash),
            )),
          );
      }
      return fromBlobs(found, place.length);
    },
  };
}

/** All of a stream that is not longer than it may be. @throws AppError epoch-data-unreadable */
export async function readBounded(body: AsyncIterable<Uint8Array>, mostBytes: number, from: string): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body) {
    length += part.length;
    if (length > mostBytes) throw unreadable(`${from} gives more than the ${mostBytes} bytes that the epoch can have`);
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function unreadable(message: string, cause?: unknown, temporary = false): AppError {
  return new AppError("epoch-data-unreadable", message, { cause, temporary });
}
