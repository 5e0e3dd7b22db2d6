import type { Writable } from "node:stream";

/**
 * Hands what is written to a connection within one turn of the event loop to the system at once: confirmations of messages
 * that were read together are one packet instead of a call to the system each.
 */
export function writeTogether(): (stream: Writable) => void {
  let held: Writable | undefined;
  return (stream) => {
    if (held === stream) return;
    held = stream;
    stream.cork();
    setImmediate(() => {
      if (held === stream) held = undefined;
      stream.uncork();
    });
  };
}
