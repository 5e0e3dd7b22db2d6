/** Remainders of all bytes for polynomial 0x8005 reflected. */
const table = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});

/** CRC-16/ARC (init 0, no final xor) of bytes[0, end), as P1 uses from "/" through "!". */
export function crc16(bytes: Uint8Array, end = bytes.length): number {
  let crc = 0;
  for (let at = 0; at < end; at++) crc = (crc >>> 8) ^ (table[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  return crc;
}
