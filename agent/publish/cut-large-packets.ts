import { Transform } from "node:stream";

/** Of the length field at the most: MQTT allows four bytes of seven bits each. */
const mostLengthBytes = 4;
/** A reader takes all packets of a piece apart at once: a thousand small ones of a flood would live long enough to pile up. */
const pieceBytes = 4096;

/**
 * A stream of MQTT packets in which none is longer than a limit: of a longer one only the beginning goes on, with a length
 * that says so. A reader that keeps a packet until its end, as mqtt.js does, then never holds what a broker makes up; it
 * still sees topic and number of the message, and can confirm it.
 * @param mostBytes of a packet after its length field
 */
export function cutLargePackets(mostBytes: number): Transform {
  /** A header whose end has not come yet. */
  let rest = Buffer.alloc(0);
  /** Bytes of the packet under way that go on, and those after them that do not. */
  let passing = 0;
  let skipping = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
      rest = Buffer.alloc(0);
      /** What lies from here to `at` goes on as it is. */
      let from = 0;
      let at = 0;
      const hand = (): void => {
        for (; from < at; from += pieceBytes) this.push(bytes.subarray(from, Math.min(from + pieceBytes, at)));
      };
      while (at < bytes.length)
        if (passing > 0) {
          const run = Math.min(passing, bytes.length - at);
          passing -= run;
          at += run;
        } else if (skipping > 0) {
          hand();
          const run = Math.min(skipping, bytes.length - at);
          skipping -= run;
          at += run;
          from = at;
        } else {
          const header = headerAt(bytes, at);
          if (!header) break;
          if (header.bodyBytes > mostBytes) {
            hand();
            this.push(Buffer.from([bytes[at] ?? 0, ...lengthField(mostBytes)]));
            from = at + header.bytes;
          }
          passing = Math.min(header.bodyBytes, mostBytes);
          skipping = header.bodyBytes - passing;
          at += header.bytes;
        }
      hand();
      // A copy: a few bytes must not keep their chunk.
      if (at < bytes.length) rest = Buffer.from(bytes.subarray(at));
      done();
    },
  });
}

/** Length of a packet's header and of what follows it; undefined where the header has not come whole. */
function headerAt(bytes: Buffer, at: number): { bytes: number; bodyBytes: number } | undefined {
  let bodyBytes = 0;
  for (let place = 0; place < mostLengthBytes; place++) {
    const byte = bytes[at + 1 + place];
    if (byte === undefined) return undefined;
    bodyBytes += (byte & 0x7f) * 128 ** place;
    if (byte < 0x80) return { bytes: place + 2, bodyBytes };
  }
  // A length field without an end goes on as it is, for the reader to refuse: a cut would make it a good one.
  return { bytes: 1 + mostLengthBytes, bodyBytes: 0 };
}

function lengthField(bytes: number): number[] {
  const low = bytes % 128;
  return bytes < 128 ? [low] : [low + 0x80, ...lengthField(Math.floor(bytes / 128))];
}
