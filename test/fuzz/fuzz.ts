import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { errorMessage } from "../../core/app-error.ts";
import { Reading } from "../../core/reading.ts";
import { decodeBytes } from "../../drivers/decode/decode-bytes.ts";
import { p1Framer } from "../../drivers/meter/dsmr/p1-framer.ts";
import type { FrameListener, Framer } from "../../drivers/meter/framer.ts";
import { hanFramer } from "../../drivers/meter/han/han-framer.ts";
import { checksumHolds } from "./checksum-holds.ts";
import { mutate, seededRandom } from "./mutate.ts";
import { seedKeys, seeds } from "./seeds.ts";

/** What a run of the fuzzer found. */
export interface FuzzResult {
  inputs: number;
  /** Frames that were believed, and pieces that were refused. */
  accepted: number;
  rejected: number;
  /** Empty when all is well; each with the number of the input that shows it again. */
  faults: string[];
  /** Heap that the second half of the run left behind, MiB: what grows without bound shows here. */
  grownMiB: number;
}

const mostFaults = 20;
/** One input in so many also goes through decode, which is slower than the framers. */
const decodeEvery = 4;

/**
 * Hurts good frames of every meter family in all the ways that lines do and feeds them to the framers in chunks of any
 * size, and to decode. Nothing may throw, and no frame may pass whose checksum, worked out apart, does not hold.
 */
export function fuzz(options: { count: number; seed: number }): FuzzResult {
  const result: FuzzResult = { inputs: options.count, accepted: 0, rejected: 0, faults: [], grownMiB: 0 };
  const frames = seeds.map(({ bytes }) => bytes);
  const fault = (input: number, what: string): void => {
    if (result.faults.length < mostFaults) result.faults.push(`input ${input} of seed ${options.seed}: ${what}`);
  };
  let current: { number: number; bytes: Uint8Array } = { number: 0, bytes: new Uint8Array() };
  // One framer of each kind lives through the whole run, as in an agent that runs for years.
  const listener = (family: "p1" | "han"): FrameListener => ({
    frame(frame) {
      result.accepted++;
      if (frame.checked && !checksumHolds(family, frame, current.bytes))
        fault(current.number, `${family} frame with a wrong checksum passed`);
    },
    rejected: () => void result.rejected++,
  });
  const framers: Framer[] = [p1Framer(listener("p1")), hanFramer(listener("han"))];
  let halfBytes = 0;
  for (let number = 0; number < options.count; number++) {
    const random = seededRandom(options.seed * 1_000_003 + number);
    const bytes = mutate(frames, random);
    current = { number, bytes };
    try {
      for (const framer of framers) feed(framer, bytes, random);
      if (number % decodeEvery === 0) checkDecoded(bytes, (what) => fault(number, what));
    } catch (error) {
      fault(number, `thrown: ${errorMessage(error)}`);
      for (const framer of framers) framer.reset();
    }
    if (number === Math.floor(options.count / 2)) halfBytes = heapBytes();
  }
  result.grownMiB = (heapBytes() - halfBytes) / 1024 / 1024;
  return result;
}

/** In chunks of any size; then the end, so that each input stands by itself. */
function feed(framer: Framer, bytes: Buffer, random: () => number): void {
  for (let at = 0; at < bytes.length;) {
    const length = 1 + Math.floor(random() * (random() < 0.5 ? 20 : 2000));
    framer.push(bytes.subarray(at, at + length));
    at += length;
  }
  framer.end();
  framer.reset();
}

function checkDecoded(bytes: Buffer, fault: (what: string) => void): void {
  const lines = decodeBytes(bytes, { keys: seedKeys, zone: "CET", receivedMs: 0 });
  if (lines.length === 0) fault("decode said nothing");
  for (const { reading, error, encryption, integrity } of lines) {
    if (error && !/^[a-z0-9]+(-[a-z0-9]+)+$/.test(error.code)) fault(`error without a code: ${error.code}`);
    if (error && reading) fault("a reading beside an error");
    if (reading && !Reading.safeParse(reading).success) fault("a reading that its schema refuses");
    // Whoever holds no key cannot change what a tag covers.
    if (encryption === "verified" && reading?.importWh !== 3_580_245) fault("a changed frame was verified");
    if (encryption === "decrypted-unverified" && integrity !== "valid") fault("an unverified frame without a valid CRC");
  }
}

function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}
