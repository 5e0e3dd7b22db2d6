import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import type { Reading } from "../../core/reading.ts";
import { replayWindow } from "../meter/dlms/replay-window.ts";
import { p1Framer } from "../meter/dsmr/p1-framer.ts";
import { openP1, type OpenedP1 } from "../meter/dsmr/p1-open.ts";
import { p1Objects } from "../meter/dsmr/p1-objects.ts";
import { p1Reading } from "../meter/dsmr/p1-reading.ts";
import type { Frame } from "../meter/framer.ts";
import type { ObisValue } from "../meter/obis.ts";
import {
  addValues,
  encryptionOfError,
  isoSeconds,
  undecoded,
  type StreamDecoder,
  type DecodeContext,
  type Decoded,
  type DecodedValue,
} from "./decoded.ts";

/** In pieces, as from a line: what is searched through again and again stays short. */
const pieceBytes = 64 * 1024;

/** All P1 telegrams in a piece of a stream, also the broken ones, in their order. */
export function decodeP1(bytes: Uint8Array, context: DecodeContext): Decoded[] {
  const found: Decoded[] = [];
  const decoder = p1Decoder(context, (line) => void found.push(line));
  for (let at = 0; at < bytes.length; at += pieceBytes) decoder.push(bytes.subarray(at, at + pieceBytes));
  decoder.end();
  return found;
}

/** The same for a stream that comes piece by piece. */
export function p1Decoder(context: DecodeContext, emit: (line: Decoded) => void): StreamDecoder {
  const fresh = replayWindow();
  let sendsCrc = false;
  return p1Framer({
    frame(frame) {
      if (sendsCrc && !frame.checked && frame.cipherAt === undefined) {
        const message = "a telegram without the CRC that the meter sends else; the line lost it";
        emit(undecoded("p1", { code: "p1-crc-missing", message, offset: frame.offset }, { integrity: "absent" }));
        return;
      }
      sendsCrc ||= frame.checked;
      emit(telegram(frame, context, fresh));
    },
    rejected: ({ code, message, offset, bytes }) =>
      emit(undecoded("p1", { code, message: `${message}${code === "p1-bad-crc" ? changedEnds(bytes) : ""}`, offset })),
  });
}

/** A capture that went through an editor; the CRC covers the line ends. */
function changedEnds(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return text.includes("\n") && !text.includes("\r") ? ". Its lines end in LF where meters send CR LF: the file was changed" : "";
}

function telegram(frame: Frame, context: DecodeContext, fresh: ReturnType<typeof replayWindow>): Decoded {
  let opened: OpenedP1;
  try {
    opened = openP1(frame, context.keys, fresh);
  } catch (error) {
    const code = errorCode(error);
    const integrity = code === "p1-bad-crc" ? "invalid" : "absent";
    return undecoded(
      "p1",
      { code, message: errorMessage(error), offset: frame.offset },
      { integrity, encryption: encryptionOfError(code) },
    );
  }
  const said = p1Objects(opened.bytes);
  const objects: Decoded["objects"] = {};
  for (const { code, values } of said.objects) addValues(objects, code, values.map(decodedValue));
  const read = reading(said.ident, opened, context);
  return {
    family: "p1",
    meter: said.ident,
    integrity: opened.crc,
    encryption: opened.encryption,
    time: isoSeconds(read?.meterMs ?? null),
    objects,
    reading: read,
  };
}

/** Null for a telegram that measures nothing, such as a text message alone. */
function reading(meter: string, opened: OpenedP1, { zone, receivedMs }: DecodeContext): Reading | null {
  try {
    return p1Reading(opened.bytes, {
      meter,
      zone,
      checked: opened.encryption === "verified" || (opened.encryption === "none" && opened.crc === "valid"),
      receivedMs,
      clockSynced: false,
    });
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}

/** A P1 time ends on S (summer) or W (winter), and that W is no watt. */
const timeStamp = /^\d{12}[SW]$/;

/** Figures with a unit become numbers; all else, such as identifiers with their zeros, stays text. */
export function decodedValue({ text, unit }: ObisValue): DecodedValue {
  const glued =
    unit === null && !timeStamp.test(text)
      ? /^(\d+(?:[.,]\d+)?)(kWh|Wh|kW|W|kvarh|varh|kvar|var|V|A|m3|GJ|MJ|Hz)$/i.exec(text)
      : null;
  const [figure, of] = glued ? [glued[1] ?? "", glued[2] ?? ""] : [text, unit];
  if (of === null || !/^-?\d+(?:[.,]\d+)?$/.test(figure)) return { value: text, unit };
  // A figure that a number cannot hold stays as it was sent.
  if (figure.replaceAll(/[^0-9]/g, "").replace(/^0+/, "").length > 15) return { value: figure, unit: of };
  return { value: Number(figure.replace(",", ".")), unit: of };
}
