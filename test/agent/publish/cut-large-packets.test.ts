import fc from "fast-check";
import { expect, it } from "vitest";
import { cutLargePackets } from "../../../agent/publish/cut-large-packets.ts";

const mostBytes = 300;
const lengthField = (bytes: number): number[] =>
  bytes < 128 ? [bytes] : [(bytes % 128) + 128, ...lengthField(Math.floor(bytes / 128))];
const packet = (body: Buffer): Buffer => Buffer.concat([Buffer.from([0x32, ...lengthField(body.length)]), body]);
/** Each byte says where it stands, so that a wrong cut shows. */
const bodyOf = (bytes: number): Buffer => Buffer.from(Array.from({ length: bytes }, (_, at) => at % 251));

/** What comes out where a stream comes in pieces. */
async function cut(stream: Buffer, pieces: readonly number[]): Promise<Buffer> {
  const cutting = cutLargePackets(mostBytes);
  const out: Buffer[] = [];
  cutting.on("data", (piece: Buffer) => out.push(piece));
  const ended = new Promise((resolve) => cutting.once("end", resolve));
  for (let at = 0, next = 0; at < stream.length; next++) {
    const size = pieces[next % pieces.length] ?? 1;
    cutting.write(stream.subarray(at, at + size));
    at += size;
  }
  cutting.end();
  await ended;
  return Buffer.concat(out);
}

it("hands on each packet as it was, and of a large one only the beginning, however the stream is cut into pieces", async () => {
  const sizes = fc.array(fc.oneof(fc.nat(20), fc.nat({ max: 2000 })), { minLength: 1, maxLength: 20 });
  const pieces = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(sizes, pieces, async (bodies, cuts) => {
      const out = await cut(Buffer.concat(bodies.map((bytes) => packet(bodyOf(bytes)))), cuts);
      expect(out).toEqual(Buffer.concat(bodies.map((bytes) => packet(bodyOf(Math.min(bytes, mostBytes))))));
    }),
  );
});

it("hands on no more than the limit of a packet that never ends", async () => {
  const endless = Buffer.concat([Buffer.from([0x32, 0xff, 0xff, 0xff, 0x7f]), Buffer.alloc(1_000_000, 1)]);
  expect(await cut(endless, [65_536])).toHaveLength(mostBytes + 3);
});

it("leaves a length field without an end as it is, for the reader to refuse", async () => {
  const malformed = Buffer.from([0x32, 0xff, 0xff, 0xff, 0xff]);
  for (const size of [1, 2, 3, 4, 5]) expect(await cut(malformed, [size])).toEqual(malformed);
});
