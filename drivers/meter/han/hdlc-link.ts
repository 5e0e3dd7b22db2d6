import { fcs16, fcsGood } from "./fcs16.ts";
import { damaged, nothing, wanting, type LinkLayer } from "./link-layer.ts";

const flag = 0x7e;
/** Format type 3: the length is in the frame. */
const formatMask = 0xf0;
const format = 0xa0;
const segmentedBit = 0x08;
/** Format, two addresses, control, one check sequence. */
const shortest = 7;
/** A block of a general-block-transfer; the blocks behind the first come without LLC. */
const blockTag = 0xe0;

/**
 * HDLC frames of Nordic and other HAN ports: 7E, format and length, addresses, control, HCS, content, FCS, 7E.
 * As long as they announce: 7E occurs inside and is not escaped. The length is believed only when the HCS holds.
 * The closing flag is not waited for, and may be the next frame's opening one, so a frame ends before it.
 * @see IEC 62056-46, frame format type 3; ISO/IEC 13239, 4.9
 */
export const hdlcLink: LinkLayer = {
  flag,
  damage: "han-bad-fcs",
  headerEnd(bytes, at) {
    const type = bytes[at + 1];
    if (type === undefined) return wanting;
    if ((type & formatMask) !== format) return nothing;
    const low = bytes[at + 2];
    if (low === undefined) return wanting;
    if ((type & 7) === 0 && low < shortest) return nothing;
    const end = controlAt(bytes, at) + 3;
    if (end < at) return nothing;
    if (end > bytes.length) return wanting;
    if (end - at - 1 > announced(bytes, at)) return nothing;
    return fcs16(bytes, at + 1, end) === fcsGood ? end : damaged;
  },
  frameEnd(bytes, at) {
    const end = at + 1 + announced(bytes, at);
    if (end > bytes.length) return wanting;
    // The HCS holds, so its register is known, and the FCS goes on from there.
    return fcs16(bytes, controlAt(bytes, at) + 3, end, fcsGood) === fcsGood ? end : damaged;
  },
  announcedEnd: (bytes, at) => at + 1 + announced(bytes, at),
  segment(bytes, at, end) {
    const start = controlAt(bytes, at) + 3;
    if (end - 2 <= start) return undefined;
    const last = ((bytes[at + 1] ?? 0) & segmentedBit) === 0;
    const llc = bytes[start] === 0xe6 && ((bytes[start + 1] ?? 0) & 0xfe) === 0xe6 && bytes[start + 2] === 0;
    if (llc) return { start: start + 3, end: end - 2, first: true, last, number: undefined };
    return { start, end: end - 2, first: bytes[start] === blockTag ? undefined : false, last, number: undefined };
  },
};

/** Bytes between the flags, by the format field. */
function announced(bytes: Uint8Array, at: number): number {
  return (((bytes[at + 1] ?? 0) & 7) << 8) | (bytes[at + 2] ?? 0);
}

/**
 * Offset of the control byte behind two addresses, each of 1, 2 or 4 bytes, of which the last is odd.
 * At least bytes.length where bytes are missing, far below 0 where that are no addresses.
 */
function controlAt(bytes: Uint8Array, at: number): number {
  let end = at + 3;
  for (let address = 0; address < 2; address++) {
    const start = end;
    while (end < bytes.length && ((bytes[end] ?? 0) & 1) === 0 && end - start < 4) end++;
    if (end >= bytes.length) return bytes.length;
    end++;
    if (end - start === 3 || end - start > 4) return -bytes.length - 8;
  }
  return end;
}
