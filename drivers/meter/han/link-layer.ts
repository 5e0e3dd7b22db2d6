/** Answer of a link layer in place of an offset, as the next two: bytes are missing to say. */
export const wanting = -1;
/** No frame of this link layer begins here. */
export const nothing = -2;
/** A frame begins here, and its checksum does not hold. */
export const damaged = -3;

/** A piece of an APDU, as one frame of the link carries it. */
export interface Segment {
  /** Where it stands in the frame's bytes. */
  start: number;
  end: number;
  /** Whether an APDU begins here: known from the frame, or (undefined) only from what came before. */
  first: boolean | undefined;
  last: boolean;
  /** Number of the segment, rising by one modulo 16; undefined where the link does not count. */
  number: number | undefined;
}

/** A way to put APDUs on a line of bytes, in frames that say how long they are. Offsets are into `bytes`. */
export interface LinkLayer {
  /** Byte that a frame begins with. */
  readonly flag: number;
  /** Code and name of a checksum that does not hold. */
  readonly damage: "han-bad-fcs" | "han-bad-checksum";
  /** Offset behind the header at `at`; wanting, nothing, or damaged where the header itself has a checksum. */
  headerEnd(bytes: Uint8Array, at: number): number;
  /** Offset behind the frame at `at`, whose header is whole; wanting or damaged. */
  frameEnd(bytes: Uint8Array, at: number): number;
  /** Offset behind the frame at `at`, by what its header says; of a frame that is damaged. */
  announcedEnd(bytes: Uint8Array, at: number): number;
  /** What the frame bytes[at, end) carries; undefined for a frame without content. */
  segment(bytes: Uint8Array, at: number, end: number): Segment | undefined;
}
