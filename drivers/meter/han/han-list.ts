import { latin1 } from "../ascii.ts";
import type { MeterZone } from "../meter-zone.ts";
import { aidon } from "./aidon.ts";
import { axdrLength, tag } from "./axdr.ts";
import { cosemTimeAt, cosemTimeBytes } from "./cosem-time.ts";
import { dataNotification } from "./data-notification.ts";
import { applyLayout, inBandDialect, type HanDialect, type Layout } from "./han-dialect.ts";
import { noUnit, unitOfCode, type HanEntry } from "./han-entry.ts";
import { austrianLayouts, croatianLayouts, iskra, slovenianLayouts } from "./iskra.ts";
import { isName, readEntries, type Shape } from "./han-entries.ts";
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

/** What a list does not say and the household may know. */
export interface HanListOptions {
  /** Zone of clocks that do not say how far they are from UTC. */
  zone: MeterZone;
  /** What one count of energy stands for in Kamstrup's lists. */
  kamstrupStepWh: 1 | 10;
}

/** C.D.E of the version of a list, and of the clock. */
const versionCode = 0x00_02_81;
const clockCode = 0x01_00_00;
const space = 0x20;
const zero = 0x30;
const tilde = 0x7e;

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
