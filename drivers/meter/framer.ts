/** One telegram cut out of the stream of bytes. */
export interface Frame {
  /** As on the wire, from its first to its last byte. */
  bytes: Uint8Array;
  /** True when a checksum held; false when the telegram carries none. */
  checked: boolean;
}

/** Hears what a framer finds. */
export interface FrameListener {
  frame(frame: Frame): void;
  /** A piece that began like a frame and is not one. */
  rejected(frame: { code: string; message: string; bytes: Uint8Array }): void;
}

/**
 * Cuts a stream of bytes into frames. Chunks have any size, garbage may stand before, between and in frames,
 * and what is kept is bounded. The first of three steps: bytes -> frames -> OBIS objects -> Reading.
 */
export interface Framer {
  push(chunk: Uint8Array): void;
  /** Forgets what was half read; called when the line opens again. */
  reset(): void;
}
