/** A number with its unit as a meter writes it in ASCII, such as "001234.567*kWh)". */
export interface Decimal {
  /** All digits as one integer; the value is mantissa / 10^decimals. */
  mantissa: number;
  decimals: number;
  /** Up to four characters of the unit in lower case, packed one a byte, so that "kWh" is 0x6b_77_68; 0 without unit. */
  unit: number;
  /** Where the unit stands in the bytes. */
  unitStart: number;
  unitEnd: number;
}

/** An empty one, to be read into: the thirty figures of a telegram share it, because an object for each costs more than reading it. */
export function newDecimal(): Decimal {
  return { mantissa: 0, decimals: 0, unit: 0, unitStart: 0, unitEnd: 0 };
}

const star = 0x2a;
const comma = 0x2c;
const dot = 0x2e;
const close = 0x29;
const kWh = 0x6b_77_68;
const wh = 0x77_68;
const kW = 0x6b_77;
const watt = 0x77;
const volt = 0x76;
const ampere = 0x61;
/** A further digit fits while the mantissa is below this. */
const roomForDigit = Math.floor(Number.MAX_SAFE_INTEGER / 10) - 1;
const powers = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12];

/**
 * Reads the unsigned decimal at `start`, up to the ")" behind it. False where no such thing stands there.
 * Takes a decimal comma (Kamstrup 382) and a unit without "*" ("00.123kW"). Read on the bytes, since a busy gateway reads
 * thirty of them a second; no float ever touches a counter.
 */
export function decimalAt(bytes: Uint8Array, start: number, into: Decimal): boolean {
  let at = start;
  let mantissa = 0;
  let digit = (bytes[at] ?? 0) - 0x30;
  if (digit < 0 || digit > 9) return false;
  for (; digit >= 0 && digit <= 9; digit = (bytes[++at] ?? 0) - 0x30) {
    if (mantissa > roomForDigit) return false;
    mantissa = mantissa * 10 + digit;
  }
  let decimals = 0;
  if (bytes[at] === dot || bytes[at] === comma) {
    digit = (bytes[++at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return false;
    for (; digit >= 0 && digit <= 9; digit = (bytes[++at] ?? 0) - 0x30) {
      // Digits that no longer fit are cut off: they are finer than anything a meter measures.
      if (mantissa > roomForDigit || decimals === 12) continue;
      mantissa = mantissa * 10 + digit;
      decimals++;
    }
  }
  if (bytes[at] === star) at++;
  const unitStart = at;
  let unit = 0;
  for (; bytes[at] !== close; at++) {
    const lower = (bytes[at] ?? 0) | 0x20;
    const letter = lower >= 0x61 && lower <= 0x7a;
    if (!letter && !(at > unitStart && lower >= 0x30 && lower <= 0x39)) return false;
    unit = at - unitStart < 4 ? unit * 256 + lower : -1;
  }
  into.mantissa = mantissa;
  into.decimals = decimals;
  into.unit = unit;
  into.unitStart = unitStart;
  into.unitEnd = at;
  return true;
}

/** Value times 10^shift as an integer. Digits below are cut off, so a counter never runs ahead; undefined past 2^53. */
function scaled({ mantissa, decimals }: Decimal, shift: number): number | undefined {
  if (decimals > shift) {
    const power = powers[decimals - shift] ?? 1;
    return (mantissa - (mantissa % power)) / power;
  }
  const value = mantissa * (powers[shift - decimals] ?? 1);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** Energy in integer Wh from kWh or Wh; undefined for any other unit, never a guess. */
export function energyWhAt(bytes: Uint8Array, start: number, scratch: Decimal): number | undefined {
  if (!decimalAt(bytes, start, scratch)) return undefined;
  if (scratch.unit === kWh) return scaled(scratch, 3);
  return scratch.unit === wh ? scaled(scratch, 0) : undefined;
}

/** Power in integer W from kW or W. */
export function powerWAt(bytes: Uint8Array, start: number, scratch: Decimal): number | undefined {
  if (!decimalAt(bytes, start, scratch)) return undefined;
  if (scratch.unit === kW) return scaled(scratch, 3);
  return scratch.unit === watt ? scaled(scratch, 0) : undefined;
}

/** Value as a float; exact to the last digit sent for all that is shorter than 15 digits. */
export function floatOf({ mantissa, decimals }: Decimal): number {
  return mantissa / (powers[decimals] ?? 1);
}

/** A figure in exactly this unit (one letter, such as "V" or "A"), not a counter, so a float will do. */
export function figureAt(bytes: Uint8Array, start: number, unit: "V" | "A", scratch: Decimal): number | undefined {
  if (!decimalAt(bytes, start, scratch)) return undefined;
  return scratch.unit === (unit === "V" ? volt : ampere) ? floatOf(scratch) : undefined;
}

/** A figure with whatever unit stands after it, such as m3 or GJ. */
export function quantityAt(bytes: Uint8Array, start: number, scratch: Decimal): { value: number; unit: string } | undefined {
  if (!decimalAt(bytes, start, scratch) || scratch.unit === 0) return undefined;
  let unit = "";
  for (let at = scratch.unitStart; at < scratch.unitEnd; at++) unit += String.fromCharCode(bytes[at] ?? 0);
  return { value: floatOf(scratch), unit };
}
