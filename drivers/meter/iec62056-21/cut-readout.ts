/** What stands in the bytes behind an identification. Offsets into them; lines are bytes[start, end). */
export type Cut =
  /** Nothing whole yet. */
  | { is: "more" }
  /** All lines; `next` is behind the readout. A readout without STX has no check character. */
  | { is: "whole"; integrity: "valid" | "absent"; start: number; end: number; next: number }
  /** Ended by "!" without STX: whole, unless an ETX still comes. */
  | { is: "ended"; start: number; end: number; next: number }
  /** The check character does not hold, or the STX was lost. */
  | { is: "damaged"; next: number };

/** Begins a readout that has a check character. */
export const stx = 0x02;
const etx = 0x03;
const bang = 0x21;
const cr = 0x0d;
const lf = 0x0a;

/**
 * The first readout in `bytes` (7 bits a character): STX lines ! CR LF ETX BCC, or lines ! CR LF alone.
 * @see IEC 62056-21, 5.4 and 6.2 (data message), 5.5 (block check character)
 */
export function cutReadout(bytes: Uint8Array): Cut {
  const start = bytes.indexOf(stx);
  if (start < 0) return cutUnchecked(bytes);
  const end = bytes.indexOf(etx, start + 1);
  const sent = end < 0 ? undefined : bytes[end + 1];
  if (sent === undefined) return { is: "more" };
  const next = end + 2;
  return blockCheck(bytes, start + 1, end + 1) === sent
    ? { is: "whole", integrity: "valid", start: start + 1, end, next }
    : { is: "damaged", next };
}

function cutUnchecked(bytes: Uint8Array): Cut {
  for (let at = bytes.indexOf(bang); at >= 0; at = bytes.indexOf(bang, at + 1)) {
    const before = bytes[at - 1];
    if (at > 0 && before !== cr && before !== lf) continue;
    let next = at + 1;
    if (bytes[next] === cr) next++;
    if (bytes[next] === lf) next++;
    const follows = bytes[next];
    // Anything else right behind it is the checksum of a P1 telegram, which is none of this.
    if (next === at + 1 && follows !== undefined && follows !== etx) continue;
    if (follows === etx) return { is: "damaged", next: Math.min(next + 2, bytes.length) };
    if (follows === undefined) return { is: "ended", start: 0, end: at, next };
    return { is: "whole", integrity: "absent", start: 0, end: at, next };
  }
  return { is: "more" };
}

/** Exclusive or of bytes[start, end), 7 bits. */
function blockCheck(bytes: Uint8Array, start: number, end: number): number {
  let check = 0;
  for (let at = start; at < end; at++) check ^= bytes[at] ?? 0;
  return check & 0x7f;
}
