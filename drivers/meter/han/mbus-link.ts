import { damaged, nothing, wanting, type LinkLayer } from "./link-layer.ts";

const flag = 0x68;
const stop = 0x16;
/** SND_UD, with the frame count bit or without. */
const control = 0x53;
const countBit = 0x20;
const finalBit = 0x10;
/** Control, address, control information and the two access points: a frame with less carries nothing. */
const fixed = 5;

/**
 * Long frames of the wired M-Bus as Austrian meters send them: 68 L L 68, control, address, CI, STSAP, DTSAP, content,
 * sum of all from control on, 16. CI holds the number of the segment, and a bit for the last one.
 * L is one byte, and some meters (Sagemcom T210) send longer frames and let it wrap: where a frame of L bytes would be
 * empty, has no stop byte, or one that only happens to stand there, one of L + 256 is tried, and the checksum decides.
 * @see EN 13757-2; IEC 62056-7-3
 */
export const mbusLink: LinkLayer = {
  flag,
  damage: "han-bad-checksum",
  headerEnd(bytes, at) {
    const length = bytes[at + 1];
    for (let place = 1; place < 7; place++) {
      const byte = bytes[at + place];
      if (byte === undefined) return wanting;
      if (place === 2 && byte !== length) return nothing;
      if (place === 3 && byte !== flag) return nothing;
      if (place === 4 && (byte | countBit) !== (control | countBit)) return nothing;
      if (place === 6 && byte >= finalBit * 2) return nothing;
    }
    return at + 7;
  },
  frameEnd(bytes, at) {
    const length = bytes[at + 1] ?? 0;
    const end = at + length + 6;
    if (length > fixed) {
      if (end > bytes.length) return wanting;
      if (bytes[end - 1] === stop && sumHolds(bytes, at, end)) return end;
    }
    const wrapped = end + 256;
    if (wrapped > bytes.length) return wanting;
    return bytes[wrapped - 1] === stop && sumHolds(bytes, at, wrapped) ? wrapped : damaged;
  },
  announcedEnd(bytes, at) {
    const length = bytes[at + 1] ?? 0;
    const end = at + length + 6;
    return length > fixed && (end > bytes.length || bytes[end - 1] === stop) ? end : end + 256;
  },
  segment(bytes, at, end) {
    const information = bytes[at + 6] ?? 0;
    const number = information & 15;
    return { start: at + 4 + fixed, end: end - 2, first: number === 0, last: (information & finalBit) !== 0, number };
  },
};

function sumHolds(bytes: Uint8Array, at: number, end: number): boolean {
  let sum = 0;
  for (let place = at + 4; place < end - 2; place++) sum += bytes[place] ?? 0;
  return (sum & 0xff) === bytes[end - 2];
}
