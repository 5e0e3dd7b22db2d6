import type { Framer } from "../framer.ts";

/** Meters send a message in one go; after a longer pause the bytes are of another one, ms. */
const longestPauseMs = 5_000;

/**
 * A framer that does not put a message together across a pause of the line: HDLC does not number its segments, so the head
 * of one message and the tail of another would look like a whole. What is half read by then is rejected.
 * @param now milliseconds; asked at each chunk
 */
export function pauseFramer(framer: Framer, now: () => number): Framer {
  let lastMs = now();
  return {
    push(chunk) {
      const atMs = now();
      if (atMs - lastMs > longestPauseMs) framer.end();
      lastMs = atMs;
      framer.push(chunk);
    },
    reset: () => framer.reset(),
    end: () => framer.end(),
  };
}
