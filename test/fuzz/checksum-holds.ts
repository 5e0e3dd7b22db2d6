import type { Frame } from "../../drivers/meter/framer.ts";
import { x25 } from "../../simulator/meter/han-encoder.ts";
import { bitwiseCrc16 } from "../fake/p1-telegram.ts";

/** Whether a frame that passed as checked has a checksum that holds, worked out bit by bit and apart from the drivers. */
export function checksumHolds(family: "p1" | "han", frame: Frame, stream: Uint8Array): boolean {
  return family === "p1" ? p1Holds(frame.bytes) : hdlcIsIn(stream);
}

function p1Holds(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes).toString("latin1");
  const at = text.lastIndexOf("!");
  return bitwiseCrc16(bytes.subarray(0, at + 1)) === Number.parseInt(text.slice(at + 1), 16);
}

/** A message that passed must stand in the stream as a frame whose FCS holds; segments and M-Bus are tested elsewhere. */
function hdlcIsIn(stream: Uint8Array): boolean {
  for (let at = 0; at < stream.length; at++) {
    if (stream[at] !== 0x7e || ((stream[at + 1] ?? 0) & 0xf0) !== 0xa0) continue;
    const length = (((stream[at + 1] ?? 0) & 7) << 8) | (stream[at + 2] ?? 0);
    const covered = [...stream.subarray(at + 1, at + length - 1)];
    const fcs = (stream[at + length - 1] ?? 0) | ((stream[at + length] ?? 0) << 8);
    if (covered.length > 8 && at + length < stream.length && x25(covered) === fcs) return true;
  }
  return false;
}
