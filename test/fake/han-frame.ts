/** X.25 check sequence bit by bit, on purpose unlike the driver's tables. */
export function bitwiseFcs16(bytes: Uint8Array): Buffer {
  let crc = 0xffff;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit++) {
      const differs = ((crc ^ (byte >> bit)) & 1) === 1;
      crc = differs ? (crc >> 1) ^ 0x8408 : crc >> 1;
    }
  crc ^= 0xffff;
  return Buffer.of(crc & 0xff, crc >> 8);
}

const llc = Buffer.of(0xe6, 0xe7, 0x00);

/** One HDLC frame with both flags, as a meter builds it. The encoder of the tests shares nothing with the decoder. */
export function hdlcFrame(
  information: Uint8Array,
  options: { dest?: number[]; src?: number[]; control?: number; segmented?: boolean; llc?: boolean } = {},
): Buffer {
  const { dest = [0x41], src = [0x08, 0x83], control = 0x13, segmented = false } = options;
  const body = Buffer.concat([(options.llc ?? true) ? llc : Buffer.alloc(0), information]);
  const length = 2 + dest.length + src.length + 1 + 2 + (body.length > 0 ? body.length + 2 : 0);
  if (length > 2047) throw new Error("too long for one frame");
  const header = Buffer.of(0xa0 | (segmented ? 8 : 0) | (length >> 8), length & 255, ...dest, ...src, control);
  const head = Buffer.concat([header, bitwiseFcs16(header)]);
  const inner = body.length > 0 ? Buffer.concat([head, body]) : head;
  return Buffer.concat([Buffer.of(0x7e), inner, body.length > 0 ? bitwiseFcs16(inner) : Buffer.alloc(0), Buffer.of(0x7e)]);
}

/** An APDU in several HDLC frames, each with its own flags. */
export function hdlcSegments(apdu: Uint8Array, size: number): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0; at < apdu.length; at += size)
    frames.push(hdlcFrame(apdu.subarray(at, at + size), { segmented: at + size < apdu.length, llc: at === 0 }));
  return frames;
}

/** One long frame of the M-Bus; L wraps above 255. */
export function mbusFrame(content: Uint8Array, information: number): Buffer {
  const body = Buffer.concat([Buffer.of(0x53, 0xff, information, 0x01, 0x67), content]);
  const sum = body.reduce((total, byte) => (total + byte) % 256, 0);
  return Buffer.concat([Buffer.of(0x68, body.length % 256, body.length % 256, 0x68), body, Buffer.of(sum, 0x16)]);
}

/** An APDU in M-Bus frames of at most `size` bytes of content. */
export function mbusFrames(apdu: Uint8Array, size = 245): Buffer[] {
  const frames: Buffer[] = [];
  for (let at = 0, number = 0; at < apdu.length; at += size, number++)
    frames.push(mbusFrame(apdu.subarray(at, at + size), (number & 15) | (at + size < apdu.length ? 0 : 0x10)));
  return frames;
}

/** An APDU in blocks of a general-block-transfer. */
export function blocks(apdu: Uint8Array, size: number): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0, number = 1; at < apdu.length; at += size, number++) {
    const part = apdu.subarray(at, at + size);
    const length =
      part.length < 128 ? [part.length] : part.length < 256 ? [0x81, part.length] : [0x82, part.length >> 8, part.length & 255];
    found.push(
      Buffer.concat([Buffer.of(0xe0, at + size < apdu.length ? 0x40 : 0xc0, number >> 8, number & 255, 0, 0, ...length), part]),
    );
  }
  return found;
}
