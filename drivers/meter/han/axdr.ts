import { AppError } from "../../../core/app-error.ts";
import { berLength } from "../dlms/general-glo.ts";

/** Tags of A-XDR. @see IEC 62056-6-2, table of data types */
export const tag = {
  null: 0x00,
  array: 0x01,
  structure: 0x02,
  boolean: 0x03,
  bitString: 0x04,
  int32: 0x05,
  uint32: 0x06,
  octetString: 0x09,
  visibleString: 0x0a,
  utf8: 0x0c,
  bcd: 0x0d,
  int8: 0x0f,
  int16: 0x10,
  uint8: 0x11,
  uint16: 0x12,
  int64: 0x14,
  uint64: 0x15,
  enum: 0x16,
  float32: 0x17,
  float64: 0x18,
  dateTime: 0x19,
  date: 0x1a,
  time: 0x1b,
} as const;

/** No list of a meter goes deeper than three. */
const deepest = 8;

/** Bytes behind the tag, for those that always have the same number; 255 for all others. */
const size = new Uint8Array(256).fill(255);
for (const [of, bytes] of [
  [tag.null, 0],
  [tag.boolean, 1],
  [tag.int32, 4],
  [tag.uint32, 4],
  [tag.bcd, 1],
  [tag.int8, 1],
  [tag.int16, 2],
  [tag.uint8, 1],
  [tag.uint16, 2],
  [tag.int64, 8],
  [tag.uint64, 8],
  [tag.enum, 1],
  [tag.float32, 4],
  [tag.float64, 8],
  [tag.dateTime, 12],
  [tag.date, 5],
  [tag.time, 4],
] as const)
  size[of] = bytes;

/** What is thrown for bytes that are no A-XDR. */
export function badData(at: number, why: string): AppError {
  return new AppError("han-bad-data", `${why} at offset ${at} of the message; it is damaged or of a form that is not known`);
}

/**
 * Offset behind the value whose tag stands at `at`.
 * @throws AppError han-bad-data where it is cut short, too deep, or of an unknown type
 */
export function axdrEnd(bytes: Uint8Array, at: number, depth = 0): number {
  const of = bytes[at];
  if (of === undefined) throw badData(at, "the message ends");
  const fixed = size[of] ?? 255;
  let end = at + 1 + fixed;
  if (fixed === 255) {
    if (of === tag.array || of === tag.structure) {
      if (depth >= deepest) throw badData(at, `more than ${deepest} structures in each other`);
      const { length, start } = axdrLength(bytes, at + 1);
      end = start;
      for (let element = 0; element < length; element++) end = axdrEnd(bytes, end, depth + 1);
      return end;
    }
    if (of === tag.octetString || of === tag.visibleString || of === tag.utf8 || of === tag.bitString) {
      const { length, start } = axdrLength(bytes, at + 1);
      end = start + (of === tag.bitString ? (length + 7) >>> 3 : length);
    } else throw badData(at, `data type 0x${of.toString(16)}`);
  }
  if (end > bytes.length) throw badData(at, `a value of ${end - at} bytes is cut short`);
  return end;
}

/**
 * Length or count at `at`, and where the content begins.
 * @throws AppError han-bad-data; an array has no more elements than bytes follow
 */
export function axdrLength(bytes: Uint8Array, at: number): { length: number; start: number } {
  const first = bytes[at] ?? 0x80;
  const found = first < 0x80 ? { length: first, start: at + 1 } : longLength(bytes, at);
  if (!found) throw badData(at, "the message ends");
  return found;
}

function longLength(bytes: Uint8Array, at: number): ReturnType<typeof berLength> {
  try {
    return berLength(bytes, at);
  } catch {
    throw badData(at, "a length that no meter sends");
  }
}

/** The integer at `at`; undefined where no integer stands there, or one that 2^53 does not hold. */
export function integerAt(bytes: Uint8Array, at: number): number | undefined {
  switch (bytes[at]) {
    case tag.uint32:
      return uint32(bytes, at + 1);
    case tag.int32:
      return uint32(bytes, at + 1) | 0;
    case tag.uint16:
      return uint16(bytes, at + 1);
    case tag.int16:
      return (uint16(bytes, at + 1) << 16) >> 16;
    case tag.uint8:
    case tag.enum:
      return bytes[at + 1];
    case tag.int8:
      return ((bytes[at + 1] ?? 0) << 24) >> 24;
    case tag.uint64:
    case tag.int64: {
      const value = wide(bytes, at);
      return Number.isSafeInteger(Number(value)) ? Number(value) : undefined;
    }
    case undefined:
    default:
      return undefined;
  }
}

/** Number at `at`, floats among them; undefined for all else. */
export function numberAt(bytes: Uint8Array, at: number): number | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes[at] === tag.float32) return view.getFloat32(at + 1);
  if (bytes[at] === tag.float64) return view.getFloat64(at + 1);
  return integerAt(bytes, at);
}

/**
 * The value at `at` for people: numbers (as text past 2^53), texts, true and false, null; octet strings, dates and
 * bit strings as hex, structures as the hex of their bytes.
 */
export function plainAt(bytes: Uint8Array, at: number): number | string | boolean | null {
  switch (bytes[at]) {
    case tag.null:
      return null;
    case tag.boolean:
      return bytes[at + 1] !== 0;
    case tag.visibleString:
      return textAt(bytes, at, "latin1");
    case tag.utf8:
      return textAt(bytes, at, "utf8");
    case tag.octetString:
      return textAt(bytes, at, "hex");
    case tag.int64:
    case tag.uint64:
      return integerAt(bytes, at) ?? wide(bytes, at).toString();
    case undefined:
    default: {
      const number = numberAt(bytes, at);
      if (number !== undefined) return Number.isFinite(number) ? number : null;
      return Buffer.from(bytes.subarray(at + 1, axdrEnd(bytes, at))).toString("hex");
    }
  }
}

/** Content of a string at `at`. */
function textAt(bytes: Uint8Array, at: number, as: "latin1" | "utf8" | "hex"): string {
  const { length, start } = axdrLength(bytes, at + 1);
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, Math.min(length, bytes.length - start)).toString(as);
}

const uint16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
const uint32 = (bytes: Uint8Array, at: number): number => uint16(bytes, at) * 65_536 + uint16(bytes, at + 2);

function wide(bytes: Uint8Array, at: number): bigint {
  const value = (BigInt(uint32(bytes, at + 1)) << 32n) | BigInt(uint32(bytes, at + 5));
  return bytes[at] === tag.int64 ? BigInt.asIntN(64, value) : value;
}
