import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import { replayWindow } from "../meter/dlms/replay-window.ts";
import type { Frame, FrameListener } from "../meter/framer.ts";
import { apduAssembler } from "../meter/han/apdu-assembler.ts";
import { numberAt, plainAt, tag } from "../meter/han/axdr.ts";
import { noUnit, unitName, type HanEntry } from "../meter/han/han-entry.ts";
import { hanFramer } from "../meter/han/han-framer.ts";
import { listName, printableAt, type HanList } from "../meter/han/han-list.ts";
import { hanReading, measures, scaled } from "../meter/han/han-reading.ts";
import { openHan, type OpenedHan } from "../meter/han/open-han.ts";
import { obisCode } from "../meter/obis.ts";
import {
  addValues,
  encryptionOfError,
  isoSeconds,
  undecoded,
  type DecodeContext,
  type Decoded,
  type DecodedListItem,
  type StreamDecoder,
  type DecodedValue,
} from "./decoded.ts";

/** First bytes of a message without its frame: a clear one, a ciphered one, a block of a transfer. */
const bareTags = new Set([0x0f, 0xdb, 0xe0]);
const llcBytes = 3;

/**
 * All messages in a piece of a HAN port's stream (HDLC or M-Bus), also the broken ones, in their order. A message cut
 * down to its LLC or to itself is decoded too, with its integrity absent.
 */
export function decodeHan(bytes: Uint8Array, context: DecodeContext): Decoded[] {
  const found: Decoded[] = [];
  const emit = (line: Decoded): void => void found.push(line);
  const start = bareStart(bytes);
  if (start < 0) {
    const decoder = hanDecoder(context, emit);
    decoder.push(bytes);
    decoder.end();
  } else
    apduAssembler(listenerOf(context, emit), false).add(
      bytes,
      { start, end: bytes.length, first: true, last: true, number: undefined },
      start,
    );
  if (found.length === 0 && bytes.length > 0) {
    const why = `no whole HAN frame in ${bytes.length} bytes; HDLC (7E A...) or M-Bus (68 L L 68) was expected`;
    found.push(undecoded("han", { code: "han-truncated", message: why, offset: 0 }));
  }
  return found;
}

/** The same for a stream of frames that comes piece by piece. */
export function hanDecoder(context: DecodeContext, emit: (line: Decoded) => void): StreamDecoder {
  return hanFramer(listenerOf(context, emit));
}

function listenerOf(context: DecodeContext, emit: (line: Decoded) => void): FrameListener {
  const fresh = replayWindow();
  return {
    frame: (frame) => emit(message(frame, context, fresh)),
    rejected: ({ code, message: why, offset }) => emit(undecoded("han", { code, message: why, offset })),
  };
}

/** Where a message without frame begins; -1 for a stream of frames. */
function bareStart(bytes: Uint8Array): number {
  const start = bytes[0] === 0xe6 && ((bytes[1] ?? 0) & 0xfe) === 0xe6 && bytes[2] === 0 ? llcBytes : 0;
  return bareTags.has(bytes[start] ?? -1) ? start : -1;
}

function message(frame: Frame, context: DecodeContext, fresh: ReturnType<typeof replayWindow>): Decoded {
  const integrity = frame.checked ? "valid" : "absent";
  let opened: OpenedHan;
  try {
    opened = openHan(frame, { zone: context.zone, kamstrupStepWh: 10, keys: context.keys }, fresh);
  } catch (error) {
    const code = errorCode(error);
    return undecoded(
      "han",
      { code, message: errorMessage(error), offset: frame.offset },
      {
        integrity,
        encryption: frame.cipherAt === undefined ? "none" : code === "han-bad-data" ? "failed" : encryptionOfError(code),
      },
    );
  }
  const { list } = opened;
  const meter = listName(list);
  const objects: Decoded["objects"] = {};
  for (const entry of list.entries)
    if (entry.code >= 0) addValues(objects, obisCode(entry.group, entry.code), [valueOf(list, entry)]);
  return {
    family: "han",
    meter,
    integrity,
    encryption: opened.encryption,
    time: isoSeconds(list.timeMs),
    objects,
    list: list.entries.map((entry) => itemOf(list, entry)),
    ...reading(opened, meter ?? "han", frame.offset, context),
  };
}

/** No reading for a list that measures nothing, and an error for one that tells of power or energy that cannot be. */
function reading(
  { list, quality }: OpenedHan,
  meter: string,
  offset: number,
  { receivedMs }: DecodeContext,
): Pick<Decoded, "reading" | "error"> {
  try {
    return { reading: hanReading(list, { meter, quality, receivedMs, clockSynced: false }) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { code, message: why } = error;
    return measures(list) ? { reading: null, error: { code, message: why, offset } } : { reading: null };
  }
}

/** Numbers scaled, with their unit where it is known; octet strings as text where they are text. */
function valueOf({ bytes }: HanList, entry: HanEntry): DecodedValue {
  const raw = plainAt(bytes, entry.at);
  if (typeof raw !== "number") return { value: printableAt(bytes, entry.at) ?? raw, unit: null };
  return { value: scaled(raw, entry.scaler), unit: entry.unit === noUnit ? null : unitName(entry.unit) || null };
}

/** An item as it stands in the list: scaled only where the list itself says how. */
function itemOf({ bytes }: HanList, entry: HanEntry): DecodedListItem {
  const raw = plainAt(bytes, entry.at);
  if (entry.nameAt < 0) return { pos: entry.pos, raw };
  const item: DecodedListItem = {
    obis: [...bytes.subarray(entry.nameAt, entry.nameAt + 6)].join(".").replace(".", "-").replace(".", ":"),
    raw,
  };
  if (!entry.inBand) return item;
  item.scaler = entry.scaler;
  item.unit = unitName(entry.unit);
  const number = bytes[entry.at] === tag.null ? undefined : numberAt(bytes, entry.at);
  if (number !== undefined) item.value = scaled(number, entry.scaler);
  return item;
}
