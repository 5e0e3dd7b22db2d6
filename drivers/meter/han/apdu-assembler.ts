import { AppError } from "../../../core/app-error.ts";
import { berLength } from "../dlms/general-glo.ts";
import type { FrameListener } from "../framer.ts";
import type { Segment } from "./link-layer.ts";

/** Bytes; the longest real list (Danish Kamstrup, Croatian Iskra) stays below 1 KiB. */
export const maxApduBytes = 8 * 1024;

const blockTag = 0xe0;
const cipherTag = 0xdb;
const lastBlockBit = 0x80;

/** Puts the segments of a link, and the blocks of a general-block-transfer, together to APDUs. */
export interface ApduAssembler {
  /** @param offset of the frame in the stream */
  add(bytes: Uint8Array, segment: Segment, offset: number): void;
  /** Bytes were lost: what is half put together, of segments and of blocks, is given up. */
  gap(): void;
  /** True while a segment or a block is waited for. */
  pending(): boolean;
  /** Forgets what is half put together without a word. */
  reset(): void;
}

/** Pieces of one message that is not whole yet. */
interface Pieces {
  parts: Uint8Array[];
  size: number;
  offset: number;
  /** Number that the next one must have; undefined where they are not counted. */
  next: number | undefined;
}

/**
 * Gives each whole APDU to `listener.frame`, one that came in a single piece as a view.
 * Rejects with han-missing-segment, han-too-long, han-truncated (a block that is shorter than it says), han-bad-data (one
 * that is longer).
 * @see IEC 62056-5-3 (general-block-transfer)
 */
export function apduAssembler(listener: FrameListener, checked: boolean): ApduAssembler {
  let segments: Pieces | undefined;
  let blocks: Pieces | undefined;

  const reject = (code: string, message: string, bytes: Uint8Array, offset: number): void =>
    listener.rejected({ code, message, bytes, offset });

  const missing = (pieces: Pieces, what: string): void =>
    reject(
      "han-missing-segment",
      `${pieces.size} bytes of a message came, and its next ${what} did not; one at start is normal, many mean a bad line`,
      Buffer.concat(pieces.parts),
      pieces.offset,
    );

  const stray = (what: string, bytes: Uint8Array, offset: number): void =>
    reject(
      "han-missing-segment",
      `a ${what} came without those before it; one at start is normal, many mean a bad line`,
      bytes,
      offset,
    );

  /** Adds a piece. @returns false where the message grew too long */
  const grow = (pieces: Pieces, part: Uint8Array): boolean => {
    // A copy: the piece outlives the chunk that it came in.
    pieces.parts.push(Buffer.from(part));
    pieces.size += part.length;
    if (pieces.size <= maxApduBytes) return true;
    reject(
      "han-too-long",
      `a message of more than ${maxApduBytes} bytes; no meter sends that`,
      Buffer.concat(pieces.parts),
      pieces.offset,
    );
    return false;
  };

  const emit = (apdu: Uint8Array, offset: number): void => {
    if (apdu[0] === cipherTag) listener.frame({ bytes: apdu, checked, offset, cipherAt: 0 });
    else listener.frame({ bytes: apdu, checked, offset });
  };

  /** One block, or several behind each other. */
  const addBlocks = (apdu: Uint8Array, offset: number): void => {
    for (let at = 0; at < apdu.length && apdu[at] === blockTag;) {
      const number = (apdu[at + 2] ?? 0) * 256 + (apdu[at + 3] ?? 0);
      let size: ReturnType<typeof berLength>;
      try {
        size = berLength(apdu, at + 6);
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
      }
      const end = (size?.start ?? 0) + (size?.length ?? 0);
      if (!size || end > apdu.length) {
        blocks = undefined;
        reject("han-truncated", `block ${number} of a block transfer is shorter than it says`, apdu, offset);
        return;
      }
      if (end < apdu.length && apdu[end] !== blockTag) {
        blocks = undefined;
        reject("han-bad-data", `${apdu.length - end} bytes behind block ${number} of a block transfer`, apdu, offset);
        return;
      }
      if (blocks && blocks.next !== number) {
        missing(blocks, "block");
        blocks = undefined;
      }
      if (!blocks && number !== 1) {
        stray("block of a block transfer", apdu, offset);
        return;
      }
      blocks ??= { parts: [], size: 0, offset, next: 1 };
      blocks.next = number + 1;
      const whole = grow(blocks, apdu.subarray(size.start, end));
      const last = ((apdu[at + 1] ?? 0) & lastBlockBit) !== 0;
      if (whole && last) emit(Buffer.concat(blocks.parts), blocks.offset);
      if (!whole || last) blocks = undefined;
      at = end;
    }
  };

  const message = (apdu: Uint8Array, offset: number): void => {
    if (apdu[0] === blockTag) {
      addBlocks(apdu, offset);
      return;
    }
    if (blocks) missing(blocks, "block");
    blocks = undefined;
    emit(apdu, offset);
  };

  return {
    add(bytes, { start, end, first, last, number }, offset) {
      const part = bytes.subarray(start, end);
      // Numbers wrap: a 0 that was due is no beginning.
      const due = number !== undefined && segments?.next === number;
      const begins = !due && (first ?? segments === undefined);
      if (segments && (begins || segments.next !== number)) {
        missing(segments, "segment");
        segments = undefined;
        if (!begins) return;
      }
      if (!segments && !begins) {
        stray("later segment", part, offset);
        return;
      }
      if (!segments && last) {
        message(part, offset);
        return;
      }
      segments ??= { parts: [], size: 0, offset, next: undefined };
      if (number !== undefined) segments.next = (number + 1) & 15;
      const whole = grow(segments, part);
      if (whole && last) message(Buffer.concat(segments.parts), segments.offset);
      if (!whole || last) segments = undefined;
    },
    gap() {
      if (segments) missing(segments, "segment");
      if (blocks) missing(blocks, "block");
      segments = undefined;
      blocks = undefined;
    },
    pending: () => segments !== undefined || blocks !== undefined,
    reset() {
      segments = undefined;
      blocks = undefined;
    },
  };
}
