import { crcTable } from "./crc-table.ts";

/** Bytes taken in one step. */
const step = 8;
const table = crcTable(0xa001, step);

/**
 * CRC of polynomial 0x8005 reflected over bytes[start, end), without a final xor: CRC-16/ARC, as P1 uses it from "/"
 * through "!", with the register 0; CRC-16/MODBUS with 0xffff.
 * Eight bytes a step ("slicing by eight"), because the CRC is a good part of the work on a telegram.
 * @param register that before the first byte
 * @see DSMR 5.0.2 P1 companion standard 6.2; MODBUS over Serial Line V1.02, 6.2.2
 */
export function crc16(bytes: Uint8Array, start = 0, end = bytes.length, register = 0): number {
  let crc = register;
  let at = start;
  for (const last = end - step; at <= last; at += step) {
    const low = (crc ^ (bytes[at] ?? 0)) & 0xff;
    const high = (crc >>> 8) ^ (bytes[at + 1] ?? 0);
    crc =
      (table[1792 + low] ?? 0) ^
      (table[1536 + high] ?? 0) ^
      (table[1280 + (bytes[at + 2] ?? 0)] ?? 0) ^
      (table[1024 + (bytes[at + 3] ?? 0)] ?? 0) ^
      (table[768 + (bytes[at + 4] ?? 0)] ?? 0) ^
      (table[512 + (bytes[at + 5] ?? 0)] ?? 0) ^
      (table[256 + (bytes[at + 6] ?? 0)] ?? 0) ^
      (table[bytes[at + 7] ?? 0] ?? 0);
  }
  for (; at < end; at++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return crc;
}
