import { wordsOf, type Register, type WordOrder } from "./register-map.ts";

/** A value as read: value = raw * 10^exponent in unit. Raw is a whole number below 2^53 or a float; it may be infinite. */
export interface Sample {
  raw: number;
  exponent: number;
  unit: string;
}

/**
 * One register out of its bytes. Null where the meter says that it has no value: NaN, unsigned all ones, signed 7FFF… or
 * 8000…; also for what does not fit below 2^53, since a counter must not lose its last digits.
 * @param bytes from the register's first byte on
 */
export function decodeRegister(
  bytes: Buffer,
  register: Pick<Register, "type" | "mul" | "unit">,
  order: WordOrder,
): Sample | null {
  const raw = rawOf(inOrder(bytes.subarray(0, wordsOf[register.type] * 2), order), register.type);
  // Minus zero says nothing more than zero.
  return raw === null ? null : { raw: raw + 0, exponent: Math.round(Math.log10(register.mul)), unit: register.unit };
}

/** The value in its unit: the double nearest to the decimal that was sent. */
export function figure({ raw, exponent }: Sample): number {
  return shifted(raw, exponent);
}

/** Whole Wh of kWh, whole W of W and kW. Rounding is monotonic, so a rising counter stays rising. */
export function whole({ raw, exponent, unit }: Sample): number {
  return Math.round(shifted(raw, unit === "kWh" || unit === "kW" ? exponent + 3 : exponent)) + 0;
}

/** Times a power of ten by moving the point of the decimal, since 2301 * 0.1 would be 230.10000000000002. */
function shifted(raw: number, exponent: number): number {
  if (exponent === 0 || !Number.isFinite(raw)) return raw;
  const [digits, power = "0"] = `${raw}`.split("e");
  return Number(`${digits}e${Number(power) + exponent}`);
}

function inOrder(bytes: Buffer, order: WordOrder): Buffer {
  if (order === "ABCD" || bytes.length === 2) return bytes;
  // Words from last to first: all bytes reversed, then each two of them swapped back.
  return Buffer.from(bytes.toReversed()).swap16();
}

function rawOf(bytes: Buffer, type: Register["type"]): number | null {
  switch (type) {
    case "u16":
      return unless(bytes.readUInt16BE(), 0xffff);
    case "s16":
      return unless(bytes.readInt16BE(), 0x7fff, -0x8000);
    case "u32":
      return unless(bytes.readUInt32BE(), 0xffff_ffff);
    case "s32":
      return unless(bytes.readInt32BE(), 0x7fff_ffff, -0x8000_0000);
    // The signs of "no value" are beyond 2^53 too.
    case "u64":
      return safe(bytes.readBigUInt64BE());
    case "s64":
      return safe(bytes.readBigInt64BE());
    case "f32":
      return shortest(bytes.readFloatBE());
    case "f64":
      return notNaN(bytes.readDoubleBE());
  }
}

const unless = (raw: number, ...none: number[]): number | null => (none.includes(raw) ? null : raw);
const notNaN = (raw: number): number | null => (Number.isNaN(raw) ? null : raw);
const safe = (raw: bigint): number | null => (Number.isSafeInteger(Number(raw)) ? Number(raw) : null);

/** The shortest decimal that is this float, as the meter shows it: 230.1, not 230.10000610351562. Whole ones stay as they are. */
function shortest(float: number): number | null {
  if (Number.isInteger(float) || !Number.isFinite(float)) return notNaN(float);
  for (let digits = 6; digits < 9; digits++) {
    const decimal = Number(float.toPrecision(digits));
    if (Math.fround(decimal) === float) return decimal;
  }
  return Number(float.toPrecision(9));
}
