import { decodeHan, hanDecoder } from "./decode-han.ts";
import { decodeIec, looksLikeIec } from "./decode-iec.ts";
import { decodeP1, p1Decoder } from "./decode-p1.ts";
import { undecoded, type DecodeContext, type Decoded, type DecodedFamily, type StreamDecoder } from "./decoded.ts";

/** First bytes of HAN pieces: HDLC flag, M-Bus, LLC, a bare notification, a block of a transfer. */
const hanStarts = new Set([0x7e, 0x68, 0xe6, 0x0f, 0xe0]);

/**
 * All telegrams or frames in a piece of a meter's bytes, of whatever family it is: the family is told by what can be read.
 * Always at least one line; broken pieces are lines with `error`. Never throws.
 */
export function decodeBytes(bytes: Uint8Array, context: DecodeContext): Decoded[] {
  const p1 = decodeP1(bytes, context);
  const han = decodeHan(bytes, context);
  const good = (lines: readonly Decoded[]): number => lines.filter(({ error }) => error === undefined).length;
  // A readout ends in "!" too, so without its check character a P1 telegram without CRC could be made of it.
  const certain = good(han) > 0 || p1.some(({ integrity, encryption }) => integrity === "valid" || encryption !== "none");
  const iec = !certain && looksLikeIec(bytes) ? decodeIec(bytes, context) : [];
  if (iec.length > 0) return iec;
  if (good(p1) > 0 || good(han) > 0) return good(p1) >= good(han) ? p1 : han;
  const lines = likelyFamily(bytes) === "han" ? han : p1;
  return lines.length > 0 ? lines : [undecoded("p1", nothingFound(bytes))];
}

/** Codes of what was not recognised at all. */
const saysNothing = new Set(["meter-unknown-bytes", "p1-parity-bits"]);

/** So much of a long capture tells its family. */
const headBytes = 256 * 1024;

/**
 * How a long capture is decoded piece by piece, by the family that its beginning shows; null where it is short, or of a
 * family that only whole readouts can be told of.
 */
export function longCapture(bytes: Uint8Array, context: DecodeContext, emit: (line: Decoded) => void): StreamDecoder | null {
  if (bytes.length <= headBytes) return null;
  const head = decodeBytes(bytes.subarray(0, headBytes), context);
  const family = (head.find(({ error }) => error === undefined) ?? head.find(({ error }) => !saysNothing.has(error?.code ?? "")))
    ?.family;
  if (family === "han") return hanDecoder(context, emit);
  return family === "p1" ? p1Decoder(context, emit) : null;
}

/** What the bytes look like though nothing in them can be believed. */
function likelyFamily(bytes: Uint8Array): DecodedFamily {
  return hanStarts.has(bytes[0] ?? 0) ? "han" : "p1";
}

/** Why no telegram is in there; the common cause is a line that was read with the wrong parity. */
function nothingFound(bytes: Uint8Array): { code: string; message: string; offset: number } {
  // The beginning says it; on all of a long capture the search would take minutes.
  const head = bytes.subarray(0, 4096);
  const seven = Buffer.from(head.map((byte) => byte & 0x7f)).toString("latin1");
  const parity = head.some((byte) => byte > 0x7f) && /\/[A-Za-z]{3}[\x20-\x7e]+\r?\n[\s\S]*\(/.test(seven);
  return parity
    ? {
        code: "p1-parity-bits",
        message: "the meter sends 7 bits with even parity and was read with 8; read it with 9600 7E1",
        offset: 0,
      }
    : {
        code: "meter-unknown-bytes",
        message: `nothing in these ${bytes.length} bytes is a telegram or frame of a known meter${looksLikeHex(head) ? "; they look like hex text, which --hex reads" : ""}`,
        offset: 0,
      };
}

function looksLikeHex(bytes: Uint8Array): boolean {
  return /^(?:[0-9a-f]{2}[\s:,-]*){4,}[0-9a-f]?$/i.test(Buffer.from(bytes).toString("latin1").trim());
}
