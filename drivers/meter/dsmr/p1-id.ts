import { hexDigit, latin1 } from "../ascii.ts";

const close = 0x29;
const zero = 0x30;

/**
 * Identifier of a device, or a text message, in the value at `start`. Most meters send it as hex of printable ASCII,
 * some as plain text; both come out as text. Null where there is none or only zeros stand there.
 */
export function idAt(bytes: Uint8Array, start: number): string | null {
  const decoded: number[] = [];
  let onlyZeros = true;
  let isHex = true;
  let at = start;
  for (; at < bytes.length && bytes[at] !== close; at++) {
    const byte = bytes[at] ?? 0;
    if (byte !== zero) onlyZeros = false;
    if (!isHex || ((at - start) & 1) === 0) continue;
    const high = hexDigit(bytes[at - 1]);
    const low = hexDigit(byte);
    const character = high * 16 + low;
    if (high < 0 || low < 0 || character < 0x20 || character > 0x7e) isHex = false;
    else decoded.push(character);
  }
  if (onlyZeros) return null;
  const length = at - start;
  return isHex && length >= 8 && length % 2 === 0 ? String.fromCharCode(...decoded).trim() : latin1(bytes, start, at);
}
