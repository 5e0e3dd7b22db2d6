/**
 * Remainders of a reflected CRC of 16 bits for `bytesAStep` bytes a step ("slicing"): 256 of one byte, then those of the
 * same byte one place further, and so on.
 * @param polynomial reflected, such as 0xa001 for 0x8005
 */
export function crcTable(polynomial: number, bytesAStep: number): Uint16Array {
  const table = new Uint16Array(256 * bytesAStep);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    table[byte] = crc;
  }
  for (let at = 256; at < table.length; at++) {
    const before = table[at - 256] ?? 0;
    table[at] = (before >>> 8) ^ (table[before & 0xff] ?? 0);
  }
  return table;
}
