import type { FrameListener, Framer } from "../framer.ts";
import { crc16 } from "./crc16.ts";

/** Bytes; the longest real telegram (Hungary, Belgium with history) stays below 3 KiB. */
export const maxP1Bytes = 16 * 1024;

/** A broken piece shorter than this is line noise and not worth a report. */
const minReportedBytes = 24;

const slash = 0x2f;
const bang = 0x21;
const cr = 0x0d;
const lf = 0x0a;

const isHex = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66);

/**
 * Cuts a P1 stream into telegrams: from "/" through "!" at the start of a line, then up to four hex digits of CRC.
 * A new "/" always begins anew, so a truncated telegram never eats the next one. The CRC may be lower case,
 * unpadded ("!B9F") and followed by anything; a telegram without one comes out unchecked.
 * Rejects with p1-bad-crc, p1-too-long, p1-truncated.
 * @see DSMR 5.0.2 P1 companion standard 6.2
 */
export function p1Framer(listener: FrameListener): Framer {
  const buffer = new Uint8Array(maxP1Bytes);
  let length = 0;
  let state: "noise" | "body" | "tail" = "noise";
  /** Length through "!", where the CRC's range ends. */
  let bodyEnd = 0;

  const copy = (): Uint8Array => buffer.slice(0, length);
  const reject = (code: string, message: string): void => listener.rejected({ code, message, bytes: copy() });

  const begin = (): void => {
    if (state === "body" && length >= minReportedBytes)
      reject("p1-truncated", `telegram of ${length} bytes ended without "!"; a few at start are normal, many mean a bad line`);
    buffer[0] = slash;
    length = 1;
    state = "body";
  };

  /** The byte after the CRC, or the CRC's fourth digit, has been seen. */
  const finish = (next: number | undefined): void => {
    const digits = length - bodyEnd;
    state = "noise";
    if (digits === 0) {
      // Only a line end may follow a missing CRC: anything else is a CRC that was hurt.
      if (next === cr || next === lf || next === 0 || next === slash) listener.frame({ bytes: copy(), checked: false });
      else reject("p1-bad-crc", `"!" is followed by byte ${next} where a CRC or a line end was expected`);
      return;
    }
    const declared = Number.parseInt(String.fromCharCode(...buffer.subarray(bodyEnd, length)), 16);
    const computed = crc16(buffer, bodyEnd);
    if (declared === computed) listener.frame({ bytes: copy(), checked: true });
    else
      reject(
        "p1-bad-crc",
        `CRC says ${hex(declared)}, the telegram's ${bodyEnd} bytes give ${hex(computed)}; check cable and baud rate`,
      );
  };

  const take = (byte: number): void => {
    if (state === "tail") {
      if (isHex(byte)) {
        buffer[length++] = byte;
        if (length - bodyEnd === 4) finish(undefined);
        return;
      }
      finish(byte);
    }
    if (byte === slash) {
      begin();
      return;
    }
    if (state === "noise") return;
    const previous = buffer[length - 1];
    buffer[length++] = byte;
    if (byte === bang && (previous === lf || previous === cr)) {
      bodyEnd = length;
      state = "tail";
    } else if (length > maxP1Bytes - 5) {
      state = "noise";
      reject("p1-too-long", `no "!" within ${maxP1Bytes} bytes; this is not a P1 telegram`);
    }
  };

  return {
    push(chunk) {
      for (const byte of chunk) take(byte);
    },
    reset() {
      state = "noise";
      length = 0;
    },
  };
}

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(4, "0");
