import { keccak256 } from "ethers/crypto";
import { getBytes } from "ethers/utils";
import { AppError } from "../../core/app-error.ts";
import { byteReader, byteWriter } from "./byte-stream.ts";

/**
 * Where an epoch's data is, as `data` of its commitment says:
 * - nowhere: the root alone is public; whoever has the data can still be checked against it
 * - inline: in the commitment itself
 * - blobs: in the blobs of the commitment and of attachBlobs of that epoch, one after the other
 * - file: in a file that is found by its hash, at the party, at mirrors
 */
export type LogPlace =
  | { in: "nowhere" }
  | { in: "inline"; bytes: Uint8Array }
  | { in: "blobs"; length: number }
  | { in: "file"; length: number; hash: string };

const tags = { inline: 1, blobs: 2, file: 3 } as const;

/**
 * `data` of a commitment in hex: nothing, or a tag and what belongs to it (inline: the bytes; blobs: the length, 4 bytes;
 * file: the length and the keccak256 of the bytes).
 */
export function encodeLogPlace(place: LogPlace): string {
  if (place.in === "nowhere") return "0x";
  const out = byteWriter();
  out.uint(tags[place.in], 1);
  if (place.in === "inline") {
    const inline = new Uint8Array(place.bytes.length + 1);
    inline.set(out.take());
    inline.set(place.bytes, 1);
    return hexOf(inline);
  }
  out.uint(place.length, 4);
  if (place.in === "file") out.hex(place.hash);
  return hexOf(out.take());
}

/** @throws AppError log-data-malformed where somebody else wrote something else */
export function decodeLogPlace(data: string): LogPlace {
  if (data === "0x") return { in: "nowhere" };
  const bytes = getBytes(data);
  const from = byteReader(bytes);
  const tag = from.integer(1);
  if (tag === tags.inline) return { in: "inline", bytes: bytes.slice(1) };
  if (tag !== tags.blobs && tag !== tags.file)
    throw new AppError("log-data-malformed", `tag ${tag} of a commitment's data is not known; expected 1, 2 or 3`);
  const length = from.integer(4);
  const place: LogPlace = tag === tags.blobs ? { in: "blobs", length } : { in: "file", length, hash: from.hex(32) };
  if (from.left() > 0) throw new AppError("log-data-malformed", `${from.left()} bytes too many in a commitment's data`);
  return place;
}

/** The name of a data file: keccak256 of its bytes. */
export function logFileHash(bytes: Uint8Array): string {
  return keccak256(bytes);
}

const hexOf = (bytes: Uint8Array): string => `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
