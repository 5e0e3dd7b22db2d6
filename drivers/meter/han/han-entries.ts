import { axdrEnd, axdrLength, badData, tag } from "./axdr.ts";
import { noUnit, type HanEntry } from "./han-entry.ts";

/** How a list tells what its values are. */
export type Shape = "array" | "named" | "counted" | "described";

/** C.D.E of the logical name of a push list. */
const pushListCode = 0x19_09_00;
const nameBytes = 6;
const scalerBytes = 6;
const mostElements = 255;

/**
 * Where the values of a list stand, into `entries`. Works without copying, since most frames are read only for five of
 * thirty values. The list ends where the message does.
 * @param at offset of the list's tag
 * @throws AppError han-bad-data
 */
export function readEntries(bytes: Uint8Array, at: number, entries: HanEntry[]): Shape {
  const outer = bytes[at];
  if (outer !== tag.array && outer !== tag.structure) throw badData(at, "no list");
  const { length, start } = axdrLength(bytes, at + 1);
  if (length > mostElements) throw badData(at, `a list of ${length} values`);
  let shape: Shape = "counted";
  let place = start;
  for (let pos = 0; pos < length;) {
    const of = bytes[place];
    const inner = of === tag.structure && isName(bytes, place + 2) ? (bytes[place + 1] ?? 0) : 0;
    if (inner === 2 || inner === 3) {
      shape = "array";
      const entry = named(place + 4, pos, bytes);
      entries.push(entry);
      place = axdrEnd(bytes, entry.at);
      if (inner === 3) place = scalerInto(entry, bytes, place);
      pos++;
    } else if (of === tag.octetString && pos + 1 < length && isName(bytes, place) && codeAt(bytes, place + 2) !== pushListCode) {
      shape = "named";
      const entry = named(place + 2, pos, bytes);
      entries.push(entry);
      place = axdrEnd(bytes, entry.at);
      pos += 2;
      if (pos < length && isScaler(bytes, place)) {
        place = scalerInto(entry, bytes, place);
        pos++;
      }
    } else {
      if (pos === 0 && of === tag.array && bytes[place + 2] === tag.structure) shape = "described";
      entries.push({ at: place, pos, nameAt: -1, group: -1, code: -1, scaler: 0, unit: noUnit, inBand: false });
      place = axdrEnd(bytes, place);
      pos++;
    }
  }
  // A segment that came twice, or one of another message, is seen by what stands behind the list.
  if (place !== bytes.length) throw badData(place, `${bytes.length - place} bytes behind the list`);
  return shape;
}

/** An octet string of six bytes, the last of them FF, as all present values have it. */
export function isName(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === tag.octetString && bytes[at + 1] === nameBytes && bytes[at + 7] === 0xff;
}

/** A structure of int8 and enum. */
function isScaler(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === tag.structure && bytes[at + 1] === 2 && bytes[at + 2] === tag.int8 && bytes[at + 4] === tag.enum;
}

function codeAt(bytes: Uint8Array, nameAt: number): number {
  return ((bytes[nameAt + 2] ?? 0) << 16) | ((bytes[nameAt + 3] ?? 0) << 8) | (bytes[nameAt + 4] ?? 0);
}

function named(nameAt: number, pos: number, bytes: Uint8Array): HanEntry {
  return {
    at: nameAt + nameBytes,
    pos,
    nameAt,
    group: (bytes[nameAt] ?? 0) * 256 + (bytes[nameAt + 1] ?? 0),
    code: codeAt(bytes, nameAt),
    scaler: 0,
    unit: noUnit,
    inBand: false,
  };
}

/** @returns offset behind the structure */
function scalerInto(entry: HanEntry, bytes: Uint8Array, at: number): number {
  if (!isScaler(bytes, at) || at + scalerBytes > bytes.length) return axdrEnd(bytes, at);
  entry.scaler = ((bytes[at + 3] ?? 0) << 24) >> 24;
  entry.unit = bytes[at + 5] ?? 0;
  entry.inBand = true;
  return at + scalerBytes;
}
