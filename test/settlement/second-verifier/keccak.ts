/** keccak256 as in the Keccak submission (padding 0x01), written from its specification with one bigint a lane. */
const mask = (1n << 64n) - 1n;
const rotate = (lane: bigint, by: number): bigint => ((lane << BigInt(by)) | (lane >> BigInt(64 - by))) & mask;

/** Round constants by the specification's shift register. */
const roundConstants = ((): bigint[] => {
  let register = 1;
  const bit = (): boolean => {
    const out = (register & 1) === 1;
    register <<= 1;
    if (register & 0x100) register ^= 0x171;
    return out;
  };
  return Array.from({ length: 24 }, () => {
    let constant = 0n;
    for (let power = 0; power <= 6; power++) if (bit()) constant |= 1n << BigInt((1 << power) - 1);
    return constant;
  });
})();

function permute(lanes: bigint[]): void {
  const at = (x: number, y: number): bigint => lanes[(x % 5) + 5 * (y % 5)] ?? 0n;
  for (const constant of roundConstants) {
    const columns = [0, 1, 2, 3, 4].map((x) => at(x, 0) ^ at(x, 1) ^ at(x, 2) ^ at(x, 3) ^ at(x, 4));
    for (let x = 0; x < 5; x++) {
      const mixed = (columns[(x + 4) % 5] ?? 0n) ^ rotate(columns[(x + 1) % 5] ?? 0n, 1);
      for (let y = 0; y < 5; y++) lanes[x + 5 * y] = at(x, y) ^ mixed;
    }
    let [x, y, moving] = [1, 0, at(1, 0)];
    for (let step = 0; step < 24; step++) {
      [x, y] = [y, (2 * x + 3 * y) % 5];
      const next = at(x, y);
      lanes[x + 5 * y] = rotate(moving, (((step + 1) * (step + 2)) / 2) % 64);
      moving = next;
    }
    for (let row = 0; row < 5; row++) {
      const five = [0, 1, 2, 3, 4].map((column) => at(column, row));
      for (let column = 0; column < 5; column++)
        lanes[column + 5 * row] =
          (five[column] ?? 0n) ^ (~(five[(column + 1) % 5] ?? 0n) & mask & (five[(column + 2) % 5] ?? 0n));
    }
    lanes[0] = at(0, 0) ^ constant;
  }
}

/** Of bytes; 0x and lower-case hex. */
export function keccak256(input: Uint8Array): string {
  const rate = 136;
  const padded = new Uint8Array((Math.floor(input.length / rate) + 1) * rate);
  padded.set(input);
  padded[input.length] = 0x01;
  padded[padded.length - 1] = (padded.at(-1) ?? 0) | 0x80;
  const view = new DataView(padded.buffer);
  const lanes = Array.from({ length: 25 }, () => 0n);
  for (let block = 0; block < padded.length; block += rate) {
    for (let lane = 0; lane < rate / 8; lane++) lanes[lane] = (lanes[lane] ?? 0n) ^ view.getBigUint64(block + lane * 8, true);
    permute(lanes);
  }
  const out = new DataView(new ArrayBuffer(32));
  for (let lane = 0; lane < 4; lane++) out.setBigUint64(lane * 8, lanes[lane] ?? 0n, true);
  return `0x${Buffer.from(out.buffer).toString("hex")}`;
}
