import type { FrameListener, Framer } from "../framer.ts";
import { apduAssembler } from "./apdu-assembler.ts";
import { hdlcLink } from "./hdlc-link.ts";
import { damaged, wanting, type LinkLayer } from "./link-layer.ts";
import { mbusLink } from "./mbus-link.ts";

/** Bytes between two segments of one message that may be noise; a lost segment is longer. */
const mostNoise = 6;
const none = new Uint8Array();
const closingFlag = Uint8Array.of(hdlcLink.flag);

function linkOf(byte: number | undefined): LinkLayer | undefined {
  return byte === hdlcLink.flag ? hdlcLink : byte === mbusLink.flag ? mbusLink : undefined;
}

/**
 * Cuts the stream of a HAN port into APDUs, whichever of HDLC and M-Bus it is: the bytes tell.
 * A frame begins where a sound header stands and is as long as that says. Where its checksum does not hold, or a whole
 * sound frame stands inside it, it is given up for the next sound header within, so a truncated frame never eats the next.
 * Frames come out as APDUs, without the headers of the link, and always checked.
 * Rejects with han-bad-fcs, han-bad-checksum, han-truncated, and the codes of apduAssembler.
 */
export function hanFramer(listener: FrameListener): Framer {
  /** Unfinished bytes from the last chunk, beginning at a frame's first byte. */
  let kept: Uint8Array = none;
  /** Offset of bytes[0] in the stream. */
  let base = 0;
  let bytes = kept;
  let whole = false;
  /** Offset in the stream behind the last sound frame. */
  let soundEnd = 0;
  const assembler = apduAssembler(listener, true);

  const reject = (code: string, message: string, start: number, end: number): void => {
    listener.rejected({ code, message, bytes: bytes.slice(start, end), offset: base + start });
    assembler.gap();
  };

  /** First place from `from` and before `to` where a sound header stands; wanting where one could, once more bytes came. */
  const soundHeader = (from: number, to: number): number => {
    for (let at = from; at < to; at++) {
      const link = linkOf(bytes[at]);
      if (!link) continue;
      const header = link.headerEnd(bytes, at);
      if (header >= 0) return at;
      if (header === wanting && !whole) return wanting;
    }
    return to;
  };

  /** Whether a whole sound frame stands behind `start`: then the frame at `start` has lost its end. */
  const overtaken = (start: number): boolean => {
    for (let at = soundHeader(start + 1, bytes.length); at >= 0 && at < bytes.length; at = soundHeader(at + 1, bytes.length))
      if ((linkOf(bytes[at])?.frameEnd(bytes, at) ?? wanting) >= 0) return true;
    return false;
  };

  /** Gives up the frame at `start`. @returns where to go on, or wanting */
  const giveUp = (link: LinkLayer, start: number): number => {
    const announced = link.announcedEnd(bytes, start);
    const limit = Math.min(announced, bytes.length);
    const next = soundHeader(start + 1, limit);
    if (next === wanting) return wanting;
    if (next < limit || announced > bytes.length)
      reject(
        "han-truncated",
        `frame of ${announced - start} bytes ends after ${next - start}; a few at start are normal, many mean a bad line`,
        start,
        next,
      );
    else
      reject(
        link.damage,
        `the checksum of a frame of ${announced - start} bytes does not hold; check cable, baud rate and parity`,
        start,
        announced,
      );
    return next;
  };

  /** Takes all whole frames out of `bytes`. @returns where the rest begins */
  const cut = (): number => {
    let start = 0;
    for (;;) {
      let link = linkOf(bytes[start]);
      while (!link && start < bytes.length) link = linkOf(bytes[++start]);
      if (!link) return start;
      const header = link.headerEnd(bytes, start);
      if (header === wanting && !whole) return start;
      if (header < 0) {
        if (header === damaged)
          reject(
            link.damage,
            "the checksum of a frame's header does not hold; check cable, baud rate and parity",
            start,
            start + 8,
          );
        start++;
        continue;
      }
      const end = link.frameEnd(bytes, start);
      if (end >= 0) {
        if (assembler.pending() && base + start - soundEnd > mostNoise) assembler.gap();
        const segment = link.segment(bytes, start, end);
        if (segment) assembler.add(bytes, segment, base + start);
        soundEnd = base + end;
        start = end;
        continue;
      }
      if (end === wanting && !whole && !overtaken(start)) return start;
      const next = giveUp(link, start);
      if (next === wanting) return start;
      start = next;
    }
  };

  const take = (chunk: Uint8Array): void => {
    // A closing flag is kept, since the next frame may share it; where that brings its own it is not worth a copy.
    const shared = kept === closingFlag && chunk[0] === hdlcLink.flag;
    if (shared) base++;
    bytes = kept.length === 0 || shared ? chunk : Buffer.concat([kept, chunk]);
    const rest = cut();
    const left = bytes.length - rest;
    kept = left === 0 ? none : left === 1 && bytes[rest] === hdlcLink.flag ? closingFlag : Buffer.from(bytes.subarray(rest));
    base += rest;
    bytes = kept;
  };

  return {
    push: take,
    reset() {
      base += kept.length;
      kept = none;
      assembler.reset();
    },
    end() {
      // A closing flag may open the frame that comes after a pause.
      if (kept !== closingFlag) {
        whole = true;
        take(none);
        whole = false;
        kept = none;
      }
      assembler.gap();
    },
  };
}
