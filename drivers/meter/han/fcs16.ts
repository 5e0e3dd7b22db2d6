import { crcTable } from "../crc-table.ts";

/** Polynomial 0x1021 reflected. */
const table = crcTable(0x8408, 4);

/** Register before the first byte. */
const fcsStart = 0xffff;

/** Register behind bytes whose check sequence holds, that sequence included; also where the next one of a frame goes on from. */
export const fcsGood = 0xf0b8;

/**
 * Register of HDLC's check sequence (CRC-16/X.25) behind bytes[start, end).
 * Four bytes a step ("slicing by four"), because this is a good part of the work on a frame.
 * @param register that behind the bytes before `start`
 * @see ISO/IEC 13239, 4.2.5; RFC 1662, appendix C
 */
export function fcs16(bytes: Uint8Array, start: number, end: number, register = fcsStart): number {
  let crc = register;
  let at = start;
  for (const last = end - 3; at < last; at += 4) {
    crc ^= (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
    crc =
      (table[768 + (crc & 0xff)] ?? 0) ^
      (table[512 + (crc >>> 8)] ?? 0) ^
      (table[256 + (bytes[at + 2] ?? 0)] ?? 0) ^
      (table[bytes[at + 3] ?? 0] ?? 0);
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return crc;
}
