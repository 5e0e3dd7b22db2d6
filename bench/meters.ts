import type { Reading } from "../core/reading.ts";
import { p1Framer } from "../drivers/meter/dsmr/p1-framer.ts";
import { p1Reading } from "../drivers/meter/dsmr/p1-reading.ts";
import type { Frame, FrameListener, Framer } from "../drivers/meter/framer.ts";
import { hanFramer } from "../drivers/meter/han/han-framer.ts";
import { hanReading } from "../drivers/meter/han/han-reading.ts";
import { openHan } from "../drivers/meter/han/open-han.ts";
import { athomPeer, npmPeers, pythonPeer, type Peer, type Skipped } from "./meter-peers.ts";
import { dsmr5Stream, hanStream, type MeterStream } from "./meter-streams.ts";
import { atMost, report, rounded, type Claim } from "./report.ts";

/**
 * `npm run bench:meters [-- --json] [--peers DIR]`: telegrams a second of the streaming decoders, from bytes to Reading, beside
 * other decoders and beside a loop that does nothing but the checksum over the same bytes. All in one run, turn by turn;
 * of each the best round counts, because a shared machine only ever makes a round slower.
 * With --peers, checkouts of athombv/node-dsmr-parser (built) and ndokter/dsmr_parser below DIR take part.
 */

const telegrams = 64;
/** Enough for the compiler of the machine code to settle: after 300 one run in ten still measured it at work. */
const rounds = 1000;
/** A socket's read, not aligned to telegrams. */
const chunkBytes = 4096;

const at = process.argv.indexOf("--peers");
const peersFolder = at > 0 ? process.argv[at + 1] : undefined;

interface Row extends Record<string, string | number> {
  family: string;
  decoder: string;
}

/** A table-driven checksum, a byte a step: the floor that no decoder gets below without a wider table. */
function checksumLoop(polynomial: number): (stream: MeterStream) => number {
  const table = Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc;
  });
  return ({ telegrams: all, stream }) => {
    let crc = 0;
    for (let byte = 0; byte < stream.length; byte++) crc = (crc >>> 8) ^ (table[(crc ^ (stream[byte] ?? 0)) & 0xff] ?? 0);
    return crc >= 0 ? all.length : 0;
  };
}

/** Seconds for one telegram of each, best of all rounds; throws where one did not read them all. */
function measure(stream: MeterStream, contestants: readonly Peer[]): Map<string, number> {
  const best = new Map<string, number>();
  for (let round = 0; round < rounds; round++)
    for (const { name, run } of contestants) {
      const started = process.hrtime.bigint();
      const count = run(stream);
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      if (count !== stream.telegrams.length) throw new Error(`${name} read ${count} of ${stream.telegrams.length} telegrams`);
      best.set(name, Math.min(best.get(name) ?? Infinity, seconds / stream.telegrams.length));
    }
  return best;
}

function chunks({ stream }: MeterStream): Buffer[] {
  const found: Buffer[] = [];
  for (let from = 0; from < stream.length; from += chunkBytes) found.push(stream.subarray(from, from + chunkBytes));
  return found;
}

/** Ours: the stream in chunks through one framer that lives on, as in an agent. */
function streamed(stream: MeterStream, framerOf: (listener: FrameListener) => Framer, read: (frame: Frame) => Reading): Peer {
  let count = 0;
  const framer = framerOf({
    frame(frame) {
      if (read(frame).importWh !== null) count++;
    },
    rejected: ({ code }) => {
      throw new Error(code);
    },
  });
  const parts = chunks(stream);
  return {
    name: "smart-mla",
    checksCrc: true,
    run() {
      count = 0;
      for (const part of parts) framer.push(part);
      return count;
    },
  };
}

function oursP1(stream: MeterStream): Peer {
  const context = { meter: "bench", zone: "CET" as const, checked: true, receivedMs: 0, clockSynced: true };
  return streamed(stream, p1Framer, ({ bytes }) => p1Reading(bytes, context));
}

function oursHan(stream: MeterStream): Peer {
  const context = { meter: "bench", receivedMs: 0, clockSynced: true };
  const options = { zone: "CET" as const, kamstrupStepWh: 10 as const, keys: undefined };
  return streamed(stream, hanFramer, (frame) => {
    const { list, quality } = openHan(frame, options, () => undefined);
    return hanReading(list, { ...context, quality });
  });
}

const isPeer = (entry: Peer | Skipped): entry is Peer => "run" in entry;

function compare(family: string, stream: MeterStream, ours: Peer, peers: readonly (Peer | Skipped)[], polynomial: number) {
  const floor: Peer = { name: "checksum loop only", checksCrc: true, run: checksumLoop(polynomial) };
  const running = peers.filter(isPeer);
  const best = measure(stream, [ours, floor, ...running]);
  const bytesEach = stream.stream.length / stream.telegrams.length;
  const row = (decoder: string, secondsEach: number): Row => ({
    family,
    decoder,
    "telegrams/s": Math.round(1 / secondsEach),
    "MB/s": rounded(bytesEach / secondsEach / 1e6),
    "µs each": rounded(secondsEach * 1e6),
  });
  const rows = [...best].map(([name, secondsEach]) => row(name, secondsEach));
  const skipped = peers
    .filter((peer): peer is Skipped => !isPeer(peer))
    .map(({ name, reason }) => ({ family, decoder: name, skipped: reason }));
  const ourSeconds = best.get(ours.name) ?? Infinity;
  const claims = [
    atMost(`${family}: time of smart-mla / time of the checksum loop`, ourSeconds / (best.get(floor.name) ?? 0), 4),
  ];
  return {
    rows: [...rows, ...skipped],
    row,
    ourSeconds,
    claims,
    checking: running.filter(({ checksCrc }) => checksCrc).map(({ name }) => best.get(name) ?? 0),
  };
}

const rows: Record<string, string | number>[] = [];
const claims: Claim[] = [];
/** At least three times as fast as the fastest peer that checks the checksum too. */
const againstPeers = (family: string, ourSeconds: number, peerSeconds: readonly number[]): void => {
  if (peerSeconds.length > 0)
    claims.push(
      atMost(
        `${family}: time of smart-mla / time of the fastest peer that checks the CRC`,
        ourSeconds / Math.min(...peerSeconds),
        0.333,
      ),
    );
};

const p1 = dsmr5Stream(telegrams);
const p1Result = compare("DSMR 5", p1, oursP1(p1), [...npmPeers(), await athomPeer(peersFolder, "p1")], 0xa001);
const python = pythonPeer(peersFolder, p1);
rows.push(
  ...p1Result.rows,
  "secondsEach" in python
    ? p1Result.row(python.name, python.secondsEach)
    : { family: "DSMR 5", decoder: python.name, skipped: python.reason },
);
claims.push(...p1Result.claims);
againstPeers("DSMR 5", p1Result.ourSeconds, [...p1Result.checking, ...("secondsEach" in python ? [python.secondsEach] : [])]);

const han = hanStream(telegrams);
const hanResult = compare("HAN (HDLC)", han, oursHan(han), [await athomPeer(peersFolder, "han")], 0x8408);
rows.push(...hanResult.rows, { family: "HAN (HDLC)", decoder: "npm dsmr-parser, npm p1-reader", skipped: "read no HAN" });
claims.push(...hanResult.claims);
againstPeers("HAN (HDLC)", hanResult.ourSeconds, hanResult.checking);

report(rows, claims, process.argv);
