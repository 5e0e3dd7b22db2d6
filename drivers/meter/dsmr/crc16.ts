/** Bytes taken in one step. */
const step = 8;

/** Remainders for polynomial 0x8005 reflected: 256 of one byte, then those of the same byte 1 to 7 places further. */
const table = new Uint16Array(256 * step);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  table[byte] = crc;
}
for (let at = 256; at < table.length; at++) {
  const before = table[at - 256] ?? 0;
  table[at] = (before >>> 8) ^ (table[before & 0xff] ?? 0);
}

/**
 * CRC-16/ARC (init 0, no final xor) of bytes[start, end), as P1 uses from "/" through "!".
 * Eight bytes a step ("slicing by eight"), because the CRC is a good part of the work on a telegram.
 */
export function crc16(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = 0;
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
