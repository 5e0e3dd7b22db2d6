/** Uniform in [0, 1), from a seed: the same run can be had again. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Hurts a stream of frames in one to four of the ways that lines do. */
export function mutate(frames: readonly Buffer[], random: () => number): Buffer {
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = (): Buffer => frames[below(frames.length)] ?? Buffer.alloc(0);
  let bytes = Buffer.concat(Array.from({ length: 1 + below(3) }, pick));
  for (let wounds = 1 + below(4); wounds > 0; wounds--) {
    const at = below(bytes.length + 1);
    const length = below(random() < 0.8 ? 8 : 400);
    switch (below(8)) {
      case 0: // one bit
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
        break;
      case 1: // another byte
        if (at < bytes.length) bytes[at] = below(256);
        break;
      case 2: // bytes lost
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 3: // garbage in between
        bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from(Array.from({ length }, () => below(256))), bytes.subarray(at)]);
        break;
      case 4: // cut off
        bytes = bytes.subarray(0, at);
        break;
      case 5: // a piece twice
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - length))]);
        break;
      case 6: // another frame within
        bytes = Buffer.concat([bytes.subarray(0, at), pick(), bytes.subarray(at)]);
        break;
      case 7: // digits become other digits, as a bad line makes them
        for (let digit = at; digit < Math.min(bytes.length, at + length); digit++)
          if ((bytes[digit] ?? 0) >= 0x30 && (bytes[digit] ?? 0) <= 0x39) bytes[digit] = 0x30 + below(10);
        break;
    }
    bytes = Buffer.from(bytes);
  }
  return bytes;
}
