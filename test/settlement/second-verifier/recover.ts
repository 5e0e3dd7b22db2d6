import { keccak256 } from "./keccak.ts";

/** secp256k1 (SEC 2), y^2 = x^3 + 7 over p; points are affine, null is infinity. */
const p = 2n ** 256n - 2n ** 32n - 977n;
const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
type Point = readonly [x: bigint, y: bigint] | null;
const generator: Point = [
  0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n,
  0x483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8n,
];
const modulo = (value: bigint, by: bigint): bigint => ((value % by) + by) % by;

function power(base: bigint, exponent: bigint, by: bigint): bigint {
  let result = 1n;
  for (let [square, left] = [modulo(base, by), exponent]; left > 0n; left >>= 1n, square = (square * square) % by)
    if (left & 1n) result = (result * square) % by;
  return result;
}

/** Extended Euclid. */
function inverse(value: bigint, by: bigint): bigint {
  let [low, high, one, other] = [modulo(value, by), by, 1n, 0n];
  while (low > 1n) {
    const quotient = high / low;
    [low, high, one, other] = [high - quotient * low, low, other - quotient * one, one];
  }
  return modulo(one, by);
}

function add(one: Point, other: Point): Point {
  if (!one) return other;
  if (!other) return one;
  const [x1, y1] = one;
  const [x2, y2] = other;
  if (x1 === x2 && modulo(y1 + y2, p) === 0n) return null;
  const slope = x1 === x2 ? 3n * x1 * x1 * inverse(2n * y1, p) : (y2 - y1) * inverse(x2 - x1, p);
  const x = modulo(slope * slope - x1 - x2, p);
  return [x, modulo(slope * (x1 - x) - y1, p)];
}

function times(point: Point, factor: bigint): Point {
  let result: Point = null;
  for (let [doubled, left] = [point, factor] as [Point, bigint]; left > 0n; left >>= 1n, doubled = add(doubled, doubled))
    if (left & 1n) result = add(result, doubled);
  return result;
}

const bytes32 = (value: bigint): string => value.toString(16).padStart(64, "0");

/** Address of the key under a digest; undefined for what is no signature with 65 bytes, v 27 or 28 and low s. */
export function recover(digest: string, signature: string): string | undefined {
  const [, rText = "", sText = "", vText = ""] = /^0x([0-9a-f]{64})([0-9a-f]{64})(1b|1c)$/.exec(signature) ?? [];
  if (vText === "") return undefined;
  const [r, s] = [BigInt(`0x${rText}`), BigInt(`0x${sText}`)];
  if (r === 0n || r >= order || s === 0n || s > order / 2n) return undefined;
  const squared = modulo(r ** 3n + 7n, p);
  const root = power(squared, (p + 1n) / 4n, p);
  if (modulo(root * root, p) !== squared) return undefined;
  const point: Point = [r, Number(root & 1n) === (vText === "1c" ? 1 : 0) ? root : p - root];
  const byR = inverse(r, order);
  const [u1, u2] = [modulo(-BigInt(digest) * byR, order), modulo(s * byR, order)];
  const key = add(times(generator, u1), times(point, u2));
  return key ? `0x${keccak256(Buffer.from(bytes32(key[0]) + bytes32(key[1]), "hex")).slice(26)}` : undefined;
}
