import { AppError } from "../../core/app-error.ts";

/** Writes big-endian numbers and hex into growing bytes. */
export interface ByteWriter {
  /** A number from 0 that fits into so many bytes. @throws AppError log-data-too-large */
  uint(value: number | bigint, bytes: number): void;
  /** Whole bytes written as 0x and hex. */
  hex(text: string): void;
  take(): Uint8Array;
}

export function byteWriter(): ByteWriter {
  let buffer = new Uint8Array(1024);
  let length = 0;
  const room = (more: number): void => {
    if (length + more <= buffer.length) return;
    const grown = new Uint8Array(Math.max(buffer.length * 2, length + more));
    grown.set(buffer);
    buffer = grown;
  };
  const hex = (text: string): void => {
    const bytes = (text.length - 2) / 2;
    room(bytes);
    for (let at = 0; at < bytes; at++) buffer[length + at] = Number.parseInt(text.slice(2 + at * 2, 4 + at * 2), 16);
    length += bytes;
  };
  return {
    hex,
    uint(value, bytes) {
      const text = BigInt(value).toString(16);
      if (value < 0 || text.length > bytes * 2)
        throw new AppError("log-data-too-large", `${value} does not fit into ${bytes} bytes of the log`);
      hex(`0x${text.padStart(bytes * 2, "0")}`);
    },
    take: () => buffer.slice(0, length),
  };
}

/** Reads what a ByteWriter wrote. Each call throws AppError log-data-malformed where the bytes end before. */
export interface ByteReader {
  uint(bytes: number): bigint;
  /** A number within ±(2^53 - 1). @throws AppError log-data-malformed */
  integer(bytes: number): number;
  hex(bytes: number): string;
  left(): number;
}

const digits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export function byteReader(bytes: Uint8Array): ByteReader {
  let at = 0;
  const hex = (count: number): string => {
    if (at + count > bytes.length)
      throw new AppError("log-data-malformed", `the data of the log ends at byte ${bytes.length}, ${at + count} were expected`);
    let text = "0x";
    for (const end = at + count; at < end; at++) text += digits[bytes[at] ?? 0];
    return text;
  };
  return {
    hex,
    uint: (count) => BigInt(hex(count)),
    integer(count) {
      const value = Number(hex(count));
      if (!Number.isSafeInteger(value))
        throw new AppError("log-data-malformed", `${value} at byte ${at} of the log is too large`);
      return value;
    },
    left: () => bytes.length - at,
  };
}
