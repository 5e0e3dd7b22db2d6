import { AppError } from "./app-error.ts";

/** Micro-units of a currency in one unit: 1 EUR = 1,000,000. */
export const microPerUnit = 1_000_000n;

/** Quotient rounded half to even, exact for every bigint. @throws AppError units-bad-divisor unless `divisor` is positive */
export function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  if (divisor <= 0n) throw new AppError("units-bad-divisor", `divisor ${divisor} is not positive`);
  let quotient = dividend / divisor;
  let rest = dividend % divisor;
  if (rest < 0n) {
    quotient -= 1n;
    rest += divisor;
  }
  const twice = rest * 2n;
  if (twice > divisor || (twice === divisor && quotient % 2n !== 0n)) quotient += 1n;
  return quotient;
}

/** Energy in one slot at one price. */
export interface PricedEnergy {
  wh: number;
  /** Micro-units per kWh; may be negative. */
  microPerKwh: bigint;
}

/** Money for energy: the sum of Wh x price, rounded half-even once, in micro-units. */
export function moneyMicro(parts: Iterable<PricedEnergy>): bigint {
  let microWh = 0n;
  for (const { wh, microPerKwh } of parts) microWh += BigInt(wh) * microPerKwh;
  return divideHalfEven(microWh, 1000n);
}

/** Parses a decimal amount of a currency ("0.1527") into micro-units; at most six decimals. @throws AppError units-bad-decimal */
export function parseMicro(text: string): bigint {
  const match = /^(-?)(\d{1,15})(?:\.(\d{1,6}))?$/.exec(text);
  if (!match) throw new AppError("units-bad-decimal", `"${text}" is not a decimal with at most six places, such as "0.1527"`);
  const [, sign, whole, fraction = ""] = match;
  const micro = BigInt(whole ?? "0") * microPerUnit + BigInt(fraction.padEnd(6, "0"));
  return sign === "-" ? -micro : micro;
}

/** Writes micro-units as a decimal with six places: 152700n -> "0.152700". */
export function formatMicro(micro: bigint): string {
  const sign = micro < 0n ? "-" : "";
  const magnitude = micro < 0n ? -micro : micro;
  return `${sign}${magnitude / microPerUnit}.${String(magnitude % microPerUnit).padStart(6, "0")}`;
}
