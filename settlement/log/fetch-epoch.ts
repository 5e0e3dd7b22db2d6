import { AppError, errorMessage } from "../../core/app-error.ts";
import { toBlobs } from "./blob-bytes.ts";
import type { SettlementDomain } from "../record/domain.ts";
import { epochRoot } from "./epoch.ts";
import type { EpochSource, WantedEpoch } from "./epoch-source.ts";
import { decodeLogData, leavesOf, type LogData } from "./log-data.ts";
import { logFileHash } from "./log-place.ts";

/** Something that was not as it has to be. */
export interface Complaint {
  /** Who gave the data; "chain" where the commitment itself is at fault. */
  source: string;
  message: string;
  /** Whether the chain binds the party to exactly these bytes, so that it is the party's fault and no messenger's. */
  binding: boolean;
}

/** An epoch's data, or null where nobody had it; and what was wrong with what was offered. */
export interface FetchedEpoch {
  data: LogData | null;
  /**
   * Whether these are the very bytes that the chain binds. Else the root alone is kept: it binds all of a record but its
   * signatures, and whoever passed the data on may have changed those.
   */
  exact: boolean;
  complaints: Complaint[];
}

/** What a record takes at most in the data, with a run, an agreement and a price series of its own. */
const mostBytesARecord = 32 + 227 + 124 + 64;

/** More bytes than an epoch of so many leaves can need. */
const mostBytesOf = (count: number): number => 64 + count * mostBytesARecord;

/** The length of the data, or more than it can be where the chain does not say. */
export const mostBytesOfEpoch = ({ place, count }: Pick<WantedEpoch, "place" | "count">): number =>
  place.in === "blobs" || place.in === "file" ? Math.min(place.length, mostBytesOf(count)) : mostBytesOf(count);

/**
 * Gets an epoch's data and checks it. Sources are asked one after the other until one has the bytes that the chain binds;
 * who gave others is named. Bytes that at least lead to the root are taken where nobody has better ones.
 */
export async function fetchEpoch(
  domain: SettlementDomain,
  wanted: WantedEpoch,
  sources: readonly EpochSource[],
): Promise<FetchedEpoch> {
  const { place } = wanted;
  const complaints: Complaint[] = [];
  if (place.in === "inline") {
    const inline = checkEpochData(domain, wanted, place.bytes);
    if ("data" in inline) return { data: inline.data, exact: true, complaints };
    complaints.push({ source: "chain", message: inline.message, binding: true });
  }
  let second: LogData | null = null;
  for (const source of sources) {
    try {
      const bytes = await source.fetch(wanted, mostBytesOfEpoch(wanted));
      if (!bytes) continue;
      const checked = checkEpochData(domain, wanted, bytes);
      const exact = checked.isFile || source.checksBlobs || (await areBlobs(wanted, bytes));
      if (!("data" in checked)) complaints.push({ source: source.name, message: checked.message, binding: exact });
      else if (exact) return { data: checked.data, exact, complaints };
      else {
        second ??= checked.data;
        if (place.in === "blobs")
          complaints.push({ source: source.name, message: "leads to the root, but is not what the blobs hold", binding: false });
      }
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      complaints.push({ source: source.name, message: errorMessage(error), binding: false });
    }
  }
  return { data: second, exact: false, complaints };
}

/** What came of bytes that may be an epoch's data. */
export type CheckedData = ({ data: LogData } | { message: string }) & {
  /** Whether the chain has the hash of exactly these bytes, or these bytes themselves. */
  isFile: boolean;
};

/** Whether bytes lead to what the party has committed; length and hash of a file included. */
export function checkEpochData(
  domain: SettlementDomain,
  { root, count, place }: Pick<WantedEpoch, "root" | "count" | "place">,
  bytes: Uint8Array,
): CheckedData {
  if ((place.in === "blobs" || place.in === "file") && bytes.length !== place.length)
    return { message: `has ${bytes.length} bytes, the commitment says ${place.length}`, isFile: false };
  const hash = place.in === "file" ? logFileHash(bytes) : "";
  if (place.in === "file" && hash !== place.hash)
    return { message: `has hash ${hash}, the commitment says ${place.hash}`, isFile: false };
  const isFile = place.in === "file" || (place.in === "inline" && Buffer.from(bytes).equals(place.bytes));
  try {
    const data = decodeLogData(domain, bytes);
    const leaves = leavesOf(data);
    if (leaves.length !== count) return { message: `has ${leaves.length} leaves, the commitment says ${count}`, isFile };
    const rebuilt = epochRoot(leaves);
    return rebuilt === root ? { data, isFile } : { message: `leads to root ${rebuilt}, committed is ${root}`, isFile };
  } catch (error) {
    if (error instanceof AppError) return { message: error.message, isFile };
    throw error;
  }
}

/** Whether the blobs that the chain has bound to an epoch hold exactly these bytes; half a second a blob. */
export async function areBlobs({ place, blobs }: Pick<WantedEpoch, "place" | "blobs">, bytes: Uint8Array): Promise<boolean> {
  if (place.in !== "blobs") return false;
  const { versionedHashes } = await import("./kzg.ts");
  const computed = await versionedHashes(toBlobs(bytes));
  const bound = [...new Set(blobs.map(({ hash }) => hash))];
  return computed.length > 0 && computed.every((hash, at) => hash === bound[at]);
}
