import { AppError, errorMessage } from "../../../core/app-error.ts";
import { crc16 } from "../crc16.ts";
import { berLength } from "../dlms/general-glo.ts";
import type { FrameListener, Framer } from "../framer.ts";
import { crcAt, crcHolds, endsLine, maxP1Bytes, nextStart, wholeTelegramIn } from "./p1-marks.ts";

/** A broken piece shorter than this is line noise and not worth a report. */
const minReportedBytes = 24;
/** Bytes at the start of a frame that no other place in a stream repeats: DB, title and its length, or an identification. */
const headerBytes = 10;

const slash = 0x2f;
const bang = 0x21;
const cr = 0x0d;
const lf = 0x0a;
const cipherTag = 0xdb;

/** What stands at a place of the stream: a whole piece up to `end`, or nothing to decide yet. */
type Found = { end: number } | "more";

/**
 * Cuts a P1 stream into telegrams: from "/" through "!" at the start of a line, then up to four hex digits of CRC.
 * A new identification always begins anew, so a truncated telegram never eats the next one. The CRC may be lower case,
 * unpadded ("!B9F") and followed by anything; a telegram without one comes out unchecked.
 * Ciphered frames (DB..., or after a clear identification as in Poland) are as long as they announce.
 * Rejects with p1-bad-crc, p1-too-long, p1-truncated.
 * @see DSMR 5.0.2 P1 companion standard 6.2; Smarty (Luxembourg) P1 specification 3.2.5
 */
export function p1Framer(listener: FrameListener): Framer {
  /** Unfinished bytes from the last chunk, beginning at a frame's first byte. */
  let kept: Uint8Array = new Uint8Array();
  /** Offset of bytes[0] in the stream. */
  let base = 0;
  /** Where in `bytes` to go on looking for the end of the telegram at its start, so that small chunks cost no more than big ones. */
  let searched = 0;
  let bytes = kept;
  let whole = false;

  const reject = (code: string, message: string, start: number, end: number): void =>
    listener.rejected({ code, message, bytes: bytes.slice(start, end), offset: base + start });

  const truncated = (start: number, end: number): void => {
    if (end - start >= minReportedBytes)
      reject(
        "p1-truncated",
        `telegram of ${end - start} bytes has no end; a few at start are normal, many mean a bad line`,
        start,
        end,
      );
  };

  /** A ciphered frame whose length field or DB stands at cipherAt. */
  const ciphered = (start: number, cipherAt: number): Found => {
    const titleAt = bytes[cipherAt] === cipherTag ? cipherAt + 1 : cipherAt;
    const more = (): Found => {
      if (!whole) return "more";
      truncated(start, bytes.length);
      return { end: bytes.length };
    };
    const titleLength = bytes[titleAt];
    if (titleLength === undefined) return more();
    let size: ReturnType<typeof berLength>;
    try {
      size = berLength(bytes, titleAt + 1 + titleLength);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      reject("p1-truncated", `no ciphered frame: ${errorMessage(error)}`, start, start + headerBytes);
      return { end: start + 1 };
    }
    if (!size || bytes.length === size.start) return more();
    // Noise that looks like DB 08 is told from a frame by its security byte.
    if (((bytes[size.start] ?? 0) & 0xe8) !== 0x20) return { end: start + 1 };
    const swallowed = wholeTelegramIn(bytes, start + 1, Math.min(size.start + size.length, bytes.length));
    if (swallowed >= 0) {
      truncated(start, swallowed);
      return { end: swallowed };
    }
    const end = size.start + size.length;
    if (end - start > maxP1Bytes) {
      reject("p1-too-long", `ciphered frame of ${size.length} bytes announced; this is not a P1 telegram`, start, size.start);
      return { end: start + 1 };
    }
    const again = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(end, bytes.length)).indexOf(
      bytes.subarray(start, start + headerBytes),
      start + headerBytes,
    );
    if (again >= 0) {
      truncated(start, again);
      return { end: again };
    }
    if (bytes.length < end) return more();
    listener.frame({ bytes: bytes.subarray(start, end), checked: false, offset: base + start, cipherAt: cipherAt - start });
    return { end };
  };

  /** The telegram from start through the "!" at bangAt and its CRC. */
  const terminated = (start: number, bangAt: number): Found => {
    const { declared, end } = crcAt(bytes, bangAt);
    const next = bytes[end];
    if (next === undefined && end < bangAt + 5 && !whole) {
      searched = bangAt;
      return "more";
    }
    const telegram = bytes.subarray(start, end);
    if (end === bangAt + 1) {
      // Only a line end may follow a missing CRC: anything else is a CRC that was hurt.
      if (next === undefined || next === cr || next === lf || next === 0 || next === slash)
        listener.frame({ bytes: telegram, checked: false, offset: base + start });
      else reject("p1-bad-crc", `"!" is followed by byte ${next} where a CRC or a line end was expected`, start, end);
      return { end };
    }
    const computed = crc16(bytes, start, bangAt + 1);
    if (declared === computed) listener.frame({ bytes: telegram, checked: true, offset: base + start });
    else
      reject(
        "p1-bad-crc",
        `CRC says ${hex(declared)}, the telegram's ${bangAt + 1 - start} bytes give ${hex(computed)}; check cable and baud rate`,
        start,
        end,
      );
    return { end };
  };

  /** The telegram that begins with "/" at start; `slashAt` is the next "/" behind it, or past the end. */
  const clear = (start: number, slashAt: number): Found => {
    const bodyAt = bytes.indexOf(lf, start + 1) + 1;
    // Poland: identification, empty line, then the length of an empty title.
    if (bodyAt > 0 && bytes[bodyAt + 2] === 0 && bytes[bodyAt] === cr && bytes[bodyAt + 1] === lf)
      return ciphered(start, bodyAt + 2);
    for (let bangAt = bytes.indexOf(bang, Math.max(start + 1, searched)); ; bangAt = bytes.indexOf(bang, bangAt + 1)) {
      if (bangAt < 0 || bangAt > start + maxP1Bytes) break;
      if (!endsLine(bytes, bangAt - 1)) continue;
      if (bangAt < slashAt) return terminated(start, bangAt);
      // A "/" in between begins a new telegram, unless the CRC says that it belongs to this one.
      if (bangAt + 5 > bytes.length && !whole) {
        searched = bangAt;
        return "more";
      }
      if (crcHolds(bytes, start, bangAt)) return terminated(start, bangAt);
      truncated(start, slashAt);
      return { end: slashAt };
    }
    if (Math.min(slashAt, bytes.length) - start > maxP1Bytes) {
      reject("p1-too-long", `no "!" within ${maxP1Bytes} bytes; this is not a P1 telegram`, start, start + maxP1Bytes);
      return { end: start + maxP1Bytes };
    }
    if (!whole && bytes.length - start <= maxP1Bytes) {
      searched = bytes.length;
      return "more";
    }
    truncated(start, slashAt);
    return { end: slashAt };
  };

  /** Takes all whole pieces out of `bytes`. @returns where the rest begins */
  const cut = (): number => {
    const find = (byte: number, from: number): number => {
      const at = bytes.indexOf(byte, from);
      return at < 0 ? bytes.length : at;
    };
    let at = 0;
    let slashAt = nextStart(bytes, 0, true);
    let cipherAt = find(cipherTag, 0);
    for (;;) {
      if (slashAt < at) slashAt = nextStart(bytes, at, true);
      while (cipherAt < at || (cipherAt + 1 < bytes.length && bytes[cipherAt + 1] !== 8))
        cipherAt = find(cipherTag, Math.max(at, cipherAt + 1));
      const start = Math.min(slashAt, cipherAt);
      if (start >= bytes.length) return bytes.length;
      const found = start === slashAt ? clear(start, nextStart(bytes, start + 1, false)) : ciphered(start, start);
      if (found === "more") return start;
      at = found.end;
      searched = 0;
    }
  };

  const take = (chunk: Uint8Array): void => {
    bytes = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    const rest = cut();
    kept = bytes.slice(rest);
    searched = Math.max(0, searched - rest);
    base += rest;
    bytes = kept;
  };

  return {
    push: take,
    reset() {
      kept = new Uint8Array();
      searched = 0;
    },
    end() {
      whole = true;
      searched = 0;
      take(new Uint8Array());
      whole = false;
      kept = new Uint8Array();
    },
  };
}

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(4, "0");
