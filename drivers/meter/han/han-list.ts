import type { P1Zone } from "../dsmr/p1-time.ts";
import { aidon } from "./aidon.ts";
import { axdrEnd, axdrLength, badData, latin1, tag } from "./axdr.ts";
import { cosemTimeAt, cosemTimeBytes } from "./cosem-time.ts";
import { dataNotification } from "./data-notification.ts";
import { applyLayout, inBandDialect, type HanDialect, type Layout } from "./han-dialect.ts";
import { noUnit, unitOfCode, type HanEntry } from "./han-entry.ts";
import { austrianLayouts, croatianLayouts, iskra, slovenianLayouts } from "./iskra.ts";
import { kaifa, kaifaLayouts } from "./kaifa.ts";
import { kamstrup } from "./kamstrup.ts";
import { applyDescriptions, landisGyr, landisGyrCounted, landisGyrLayouts } from "./landis-gyr.ts";

/** What one message says, whoever made the meter; values are read from the bytes only where they are asked for. */
export interface HanList {
  bytes: Uint8Array;
  dialect: HanDialect;
  entries: HanEntry[];
  /** The meter's own time: of its clock object where the list has one, else of the notification; null without. */
  timeMs: number | null;
}

export interface HanListOptions {
  /** Zone of clocks that do not say how far they are from UTC. */
  zone: P1Zone;
  /** What one count of energy stands for in Kamstrup's lists. */
  kamstrupStepWh: 1 | 10;
}

/** How a list tells what its values are. */
type Shape = "array" | "named" | "counted" | "described";

/** C.D.E of the version of a list, of the logical name of a push list, and of the clock. */
const versionCode = 0x00_02_81;
const pushListCode = 0x19_09_00;
const clockCode = 0x01_00_00;
const nameBytes = 6;
const scalerBytes = 6;
const space = 0x20;
const zero = 0x30;
const tilde = 0x7e;
const mostElements = 255;

/**
 * Reads a clear data-notification.
 * @throws AppError han-bad-data with the offset, where bytes are missing or of a form that is not known
 */
export function hanList(bytes: Uint8Array, options: HanListOptions): HanList {
  const { timeAt, bodyAt } = dataNotification(bytes);
  const entries: HanEntry[] = [];
  const shape = readEntries(bytes, bodyAt, entries);
  const dialect = shape === "described" ? described(bytes, entries) : dialectOf(bytes, entries, shape, options);
  let clockAt = timeAt;
  for (const entry of entries) {
    if (!entry.inBand && entry.code >= 0) scale(entry, bytes, dialect);
    if (
      entry.code === clockCode &&
      entry.group < 256 &&
      bytes[entry.at] === tag.octetString &&
      bytes[entry.at + 1] === cosemTimeBytes
    )
      clockAt = entry.at + 2;
    else if (entry.code === clockCode && bytes[entry.at] === tag.dateTime) clockAt = entry.at + 1;
  }
  return { bytes, dialect, entries, timeMs: clockAt < 0 ? null : cosemTimeAt(bytes, clockAt, options.zone, dialect.clock) };
}

function scale(entry: HanEntry, bytes: Uint8Array, dialect: HanDialect): void {
  const of = unitOfCode(entry.code);
  if (of === noUnit) return;
  const exponent = dialect.exponent(of, bytes, entry);
  if (exponent === undefined) return;
  entry.unit = of;
  entry.scaler = exponent;
}

/** Where the values of a list stand, into `entries`. Works without copying, since most frames are read only for five of thirty values. */
function readEntries(bytes: Uint8Array, at: number, entries: HanEntry[]): Shape {
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
  return shape;
}

/** An octet string of six bytes, the last of them FF, as all present values have it. */
function isName(bytes: Uint8Array, at: number): boolean {
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

function described(bytes: Uint8Array, entries: HanEntry[]): HanDialect {
  applyDescriptions(bytes, entries);
  return landisGyr;
}

function dialectOf(bytes: Uint8Array, entries: readonly HanEntry[], shape: Shape, options: HanListOptions): HanDialect {
  const [first] = entries;
  if (!first) return inBandDialect;
  if (shape === "array") return first.code === versionCode && says(bytes, first.at, "EMBRIQ") ? inBandDialect : aidon;
  if (shape === "named") {
    if (says(bytes, first.at, "Kamstrup")) return kamstrup(options.kamstrupStepWh);
    if (first.code === versionCode && says(bytes, first.at, "KFM")) return kaifa;
    return inBandDialect;
  }
  const fits = (layouts: readonly Layout[]): boolean => layouts.some((one) => applyLayout(one, bytes, entries));
  if (entries.length === 1 || says(bytes, first.at, "KFM")) return fits(kaifaLayouts) ? kaifa : inBandDialect;
  if (says(bytes, first.at, "ISK")) return fits(slovenianLayouts) ? iskra : inBandDialect;
  if (isName(bytes, first.at)) return fits(austrianLayouts) ? iskra : inBandDialect;
  if (fits(croatianLayouts)) return iskra;
  return fits(landisGyrLayouts) ? landisGyrCounted : inBandDialect;
}

/** Whether a string at `at` begins with these characters. */
function says(bytes: Uint8Array, at: number, text: string): boolean {
  if (bytes[at] !== tag.octetString && bytes[at] !== tag.visibleString) return false;
  if ((bytes[at + 1] ?? 0) < text.length) return false;
  for (let index = 0; index < text.length; index++) if (bytes[at + 2 + index] !== text.charCodeAt(index)) return false;
  return true;
}

/** Text of a string at `at` without the NULs and blanks behind it; null where it is none, holds other characters, or only zeros. */
export function printableAt(bytes: Uint8Array, at: number): string | null {
  if (bytes[at] !== tag.octetString && bytes[at] !== tag.visibleString && bytes[at] !== tag.utf8) return null;
  const { length, start } = axdrLength(bytes, at + 1);
  let end = start + length;
  while (end > start && (bytes[end - 1] === 0 || bytes[end - 1] === space)) end--;
  let onlyZeros = true;
  for (let place = start; place < end; place++) {
    const byte = bytes[place] ?? 0;
    if (byte < space || byte > tilde) return null;
    if (byte !== zero) onlyZeros = false;
  }
  return onlyZeros ? null : latin1(bytes, start, end);
}

/** How a list names itself or the meter's maker: its version, or the first text in it. */
export function listName({ bytes, entries }: HanList): string | null {
  for (const entry of entries) if (entry.code === versionCode) return printableAt(bytes, entry.at);
  const [first] = entries;
  return first && first.nameAt < 0 ? printableAt(bytes, first.at) : null;
}
