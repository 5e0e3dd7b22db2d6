import { AppError } from "../../core/app-error.ts";

const wordBytes = 32;

/** 32-byte words as the ABI lays them, one after the other: what EIP-712 hashes of a struct with fixed-size fields. */
export interface WordWriter {
  /** Integers from -2^63 below 2^128, sign-extended to a word. */
  integer(value: number | bigint): WordWriter;
  /** Hex of at most 32 bytes, at the end of its word as addresses are. @throws AppError settlement-bad-record */
  hex(text: string): WordWriter;
  /** All words so far; the writer must not be used after it. */
  bytes(): Uint8Array;
}

/** @param words how many words there will be */
export function wordWriter(words: number): WordWriter {
  const bytes = new Uint8Array(words * wordBytes);
  const view = new DataView(bytes.buffer);
  let at = 0;
  const writer: WordWriter = {
    integer(value) {
      const whole = BigInt(value);
      if (whole < 0n) bytes.fill(0xff, at, at + 16);
      view.setBigUint64(at + 16, BigInt.asUintN(64, whole >> 64n));
      view.setBigUint64(at + 24, BigInt.asUintN(64, whole));
      at += wordBytes;
      return writer;
    },
    hex(text) {
      const digits = text.length - 2;
      if (digits < 2 || digits > 64 || digits % 2 !== 0 || !text.startsWith("0x")) throw notHex(text);
      at += wordBytes;
      for (let place = 0, target = at - digits / 2; place < digits; place += 2, target++)
        bytes[target] = nibble(text, place + 2) * 16 + nibble(text, place + 3);
      return writer;
    },
    bytes: () => bytes,
  };
  return writer;
}

function nibble(text: string, place: number): number {
  const code = text.charCodeAt(place);
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  throw notHex(text);
}

function notHex(text: string): AppError {
  return new AppError("settlement-bad-record", `"${text}" is not 0x and up to 64 hex digits`);
}
