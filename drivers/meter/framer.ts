/** One telegram cut out of the stream of bytes. */
export interface Frame {
  /** As on the wire, from its first to its last byte. A view: whoever keeps it beyond the call copies it. */
  bytes: Uint8Array;
  /** True when a checksum held; false when the telegram carries none, or one inside its cipher. */
  checked: boolean;
  /** Offset of the first byte in the stream since it was opened. */
  offset: number;
  /** Offset in `bytes` of a ciphered part; absent where the frame is clear. */
  cipherAt?: number;
}

/** A piece that began like a frame and is not one. */
export interface BrokenFrame {
  /** Stable code, such as p1-bad-crc. */
  code: string;
  message: string;
  bytes: Uint8Array;
  offset: number;
}

/** Hears what a framer finds. */
export interface FrameListener {
  frame(frame: Frame): void;
  rejected(frame: BrokenFrame): void;
}

/**
 * Cuts a stream of bytes into frames. Chunks have any size, garbage may stand before, between and in frames,
 * and what is kept is bounded. The first of three steps: bytes -> frames -> objects -> Reading.
 */
export interface Framer {
  /** The framer may hand out views of the chunk, so the caller must not write to it again. */
  push(chunk: Uint8Array): void;
  /** Forgets what was half read; called when the line opens again. */
  reset(): void;
  /** No more bytes come: what is whole is framed, what is half is rejected. */
  end(): void;
}
