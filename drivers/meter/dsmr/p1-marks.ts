import { hexDigit, isLetter } from "../ascii.ts";
import { crc16 } from "../crc16.ts";

/** Bytes; the longest real telegram (Hungary, Belgium with history) stays below 3 KiB. */
export const maxP1Bytes = 16 * 1024;
/** A text message has up to 1024 characters, as hex twice as many. */
const longestLine = 2200;

const slash = 0x2f;
const bang = 0x21;
const close = 0x29;
const cr = 0x0d;
const lf = 0x0a;

/** Whether the byte at `at` ends a line. */
export function endsLine(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === lf || bytes[at] === cr;
}

/** The digits behind the "!" at `bangAt`, at most four, and where they end: right behind the "!" where there are none. */
export function crcAt(bytes: Uint8Array, bangAt: number): { declared: number; end: number } {
  let end = bangAt + 1;
  let declared = 0;
  while (end < bangAt + 5) {
    const digit = hexDigit(bytes[end]);
    if (digit < 0) break;
    declared = declared * 16 + digit;
    end++;
  }
  return { declared, end };
}

/** Whether the telegram from `start` through the "!" at `bangAt` has a CRC, and it holds. */
export function crcHolds(bytes: Uint8Array, start: number, bangAt: number): boolean {
  const { declared, end } = crcAt(bytes, bangAt);
  return end > bangAt + 1 && declared === crc16(bytes, start, bangAt + 1);
}

/**
 * Next "/" from `from` on that three letters follow, as in every identification; one in a text message begins nothing.
 * Past the end where there is none.
 * @param evenUnfinished also one of which too few bytes came to say
 */
export function nextStart(bytes: Uint8Array, from: number, evenUnfinished: boolean): number {
  for (let at = bytes.indexOf(slash, from); at >= 0; at = bytes.indexOf(slash, at + 1)) {
    if (isLetter(bytes[at + 1]) && isLetter(bytes[at + 2]) && isLetter(bytes[at + 3])) {
      const text = inValue(bytes, at);
      if (text === false || (text === undefined && evenUnfinished)) return at;
    } else if (evenUnfinished && at + 3 >= bytes.length) return at;
  }
  return bytes.length;
}

/** Whether the "/" at `at` stands in the value of an object, such as a text message: within a line that ends in ")". */
function inValue(bytes: Uint8Array, at: number): boolean | undefined {
  if (at === 0 || endsLine(bytes, at - 1)) return false;
  for (let end = at; end < at + longestLine; end++) {
    if (end >= bytes.length) return undefined;
    if (endsLine(bytes, end)) return bytes[end - 1] === close;
  }
  return false;
}

/** Where between two places a whole clear telegram stands, its CRC included; -1 where none does. */
export function wholeTelegramIn(bytes: Uint8Array, from: number, to: number): number {
  for (let at = nextStart(bytes, from, false); at < to; at = nextStart(bytes, at + 1, false))
    for (let bangAt = bytes.indexOf(bang, at); bangAt >= 0 && bangAt < at + maxP1Bytes; bangAt = bytes.indexOf(bang, bangAt + 1))
      if (endsLine(bytes, bangAt - 1)) {
        if (crcHolds(bytes, at, bangAt)) return at;
        break;
      }
  return -1;
}
