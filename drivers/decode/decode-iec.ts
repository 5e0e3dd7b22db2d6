import { AppError } from "../../core/app-error.ts";
import type { Reading } from "../../core/reading.ts";
import { latin1 } from "../meter/ascii.ts";
import { cutReadout, stx } from "../meter/iec62056-21/cut-readout.ts";
import { identificationIn } from "../meter/iec62056-21/identification.ts";
import { iecLines, iecObject } from "../meter/iec62056-21/iec-lines.ts";
import { iecReading } from "../meter/iec62056-21/iec-reading.ts";
import { decodedValue } from "./decode-p1.ts";
import { addValues, isoSeconds, undecoded, type DecodeContext, type Decoded } from "./decoded.ts";

/** STX and then a data line, or "!", CR, LF and then ETX: no other family has them. */
const [stxText, etxText] = ["\x02", "\x03"];
const framed = new RegExp(`${stxText}[\\r\\n]*(?:\\d{1,3}-\\d{1,3}:)?[0-9CFLP]{1,3}\\.[0-9CFLP.*&]+\\(|!\\r?\\n${etxText}`);
/** Lines whose code has neither medium nor channel, as no P1 meter sends them, and those that have both. */
const shortCodes = /(?:^|[\r\n])(?:\d{1,3}|[CFLP])\.(?:\d{1,3}|[CFLP])(?:\.(?:\d{1,3}|[CFLP]))?(?:[*&]\d{1,3})?\([^()\r\n]*\)/g;
const wholeCodes = /(?:^|[\r\n])\d{1,3}-\d{1,3}:\d/g;
/** The end of a P1 telegram with its CRC. */
const p1End = /[\r\n]![0-9A-Fa-f]/;

/** Whether bytes look like a readout by IEC 62056-21 rather than a P1 telegram. */
export function looksLikeIec(bytes: Uint8Array): boolean {
  const text = latin1(sevenBits(bytes));
  if (framed.test(text)) return true;
  // A damaged P1 telegram may hold a line that lost its medium; that makes no readout of it.
  const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0;
  return count(shortCodes) > count(wholeCodes) && !p1End.test(text);
}

/**
 * All readouts in what was heard at an optical head, also the broken ones, in their order. Sign-ons, acknowledgements and
 * echoes between them do no harm, nor does a parity bit that was recorded with the characters.
 */
export function decodeIec(bytes: Uint8Array, context: DecodeContext): Decoded[] {
  const seven = sevenBits(bytes);
  return pieces(seven).flatMap((piece) => readouts(seven, piece, context));
}

const sevenBits = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte & 0x7f);

/** What one meter said, from its identification to the next. */
interface Piece {
  meter: string | null;
  /** Where it begins, where its lines begin, and where it ends. */
  start: number;
  body: number;
  end: number;
}

function pieces(bytes: Uint8Array): Piece[] {
  const text = latin1(bytes);
  const found: Piece[] = [];
  for (let from = 0; ;) {
    const next = identificationIn(text.slice(from));
    const last = found.at(-1);
    const start = next ? from + next.start : text.length;
    if (last) last.end = start;
    // What stands before the first identification is a readout of which the beginning was not recorded.
    else if (looksLikeIec(bytes.subarray(0, start))) found.push({ meter: null, start: 0, body: 0, end: start });
    if (!next) return found;
    found.push({ meter: next.said.meter, start, body: from + next.end, end: text.length });
    from += next.end;
  }
}

/** One readout, and more where the reader asked for it again. */
function readouts(bytes: Uint8Array, { meter, start, body, end }: Piece, context: DecodeContext): Decoded[] {
  const found: Decoded[] = [];
  const broken = (code: string, message: string, offset: number): void =>
    void found.push(undecoded("iec62056-21", { code, message, offset }, { meter }));
  for (let at = body; at < end;) {
    const rest = bytes.subarray(at, end);
    const offset = found.length === 0 ? start : at;
    const cut = cutReadout(rest);
    if (cut.is === "more") {
      if (found.length === 0 || rest.includes(stx))
        broken("iec-truncated", `the readout has no end after ${rest.length} bytes`, offset);
      break;
    }
    if (cut.is === "damaged") broken("iec-bad-bcc", "the check character does not hold; the line lost or changed bytes", offset);
    else {
      const lines = rest.slice(cut.start, cut.end);
      const integrity = cut.is === "whole" ? cut.integrity : "absent";
      // Behind a readout nothing but another one with STX counts: a reader's break, say, is none.
      if (found.length === 0 || integrity === "valid") found.push(decoded(lines, meter, integrity, context));
    }
    at += cut.next;
  }
  if (found.length === 0) broken("iec-truncated", "an identification without a readout behind it", start);
  return found;
}

function decoded(
  lines: Uint8Array,
  meter: string | null,
  integrity: "valid" | "absent",
  { zone, receivedMs }: DecodeContext,
): Decoded {
  const objects: Decoded["objects"] = {};
  for (const line of iecLines(lines).lines) {
    const { code, values } = iecObject(lines, line);
    addValues(objects, code, values.map(decodedValue));
  }
  const checked = integrity === "valid";
  let reading: Reading | null = null;
  try {
    reading = iecReading(lines, { meter: meter ?? "iec62056-21", zone, checked, receivedMs, clockSynced: false });
  } catch (error) {
    // A readout that measures nothing, such as one of a gas meter.
    if (!(error instanceof AppError)) throw error;
  }
  return {
    family: "iec62056-21",
    meter,
    integrity,
    encryption: "none",
    time: isoSeconds(reading?.meterMs ?? null),
    objects,
    reading,
  };
}
