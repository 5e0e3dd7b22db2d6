/** Price of one interval, in micro-units of the currency per kWh; may be negative. */
export interface PriceStep {
  startMs: number;
  endMs: number;
  /** Spot price, without taxes and fees. */
  microPerKwh: bigint;
  /** The same with taxes and VAT where the source gives that too: then a tariff adds neither again. Else null. */
  taxedMicroPerKwh: bigint | null;
}

/** What a source of prices answered: steps in order, none over another. */
export interface MarketPrices {
  /** ISO 4217. */
  currency: string;
  /** Bidding zone or other place that the prices are of. */
  zone: string;
  steps: PriceStep[];
  /** Prices that were left out because they are no number, absurd, or of no quarter of an hour. */
  gaps: number;
}

/** When a source has news: at a time of day (tomorrow's prices), or again and again. */
export type Publishing = { time: string; zone: string } | { everyMs: number };

/** A source of prices. */
export interface PriceProvider {
  readonly name: string;
  readonly publishes: Publishing;
  /**
   * Prices of [from, to) as far as they are published; none yet is no error.
   * @throws AppError of askService, token-*, prices-*
   */
  fetch(fromMs: number, toMs: number, signal: AbortSignal): Promise<MarketPrices>;
}

/** Half-open span of instants, ms. */
export interface Window {
  fromMs: number;
  toMs: number;
}

/** A price as it came: numbers, or numbers as text; anything else is a gap. */
export interface RawPrice {
  startMs: number;
  endMs: number;
  price: unknown;
  taxed?: unknown;
}

export const quarterMs = 900_000;
const dayMs = 24 * 3_600_000;

/** Micro-units per kWh in one unit per so much energy. */
const scales = { kWh: 1_000_000, MWh: 1_000 } as const;

/** Beyond 20 EUR per kWh either way nothing was ever paid; the same in other money, generously. */
const absurdUnits: Record<string, number> = {
  EUR: 20,
  GBP: 20,
  CHF: 20,
  USD: 25,
  BGN: 40,
  PLN: 90,
  RON: 100,
  CZK: 500,
  HUF: 8000,
};
const absurdElsewhere = 240;

/** Micro-units per kWh, or undefined where it is no number or one that cannot be a price. */
export function microOf(value: unknown, per: "kWh" | "MWh", currency: string): bigint | undefined {
  const number =
    typeof value === "string" && /^[+-]?\d{1,12}(\.\d{1,18})?$/.test(value.trim())
      ? Number(value)
      : typeof value === "number"
        ? value
        : Number.NaN;
  const micro = Math.round(number * scales[per]);
  const most = (absurdUnits[currency] ?? absurdElsewhere) * scales.kWh;
  return Number.isFinite(micro) && Math.abs(micro) <= most ? BigInt(micro) : undefined;
}

/**
 * What can be believed of a source's prices within a window: whole quarters of an hour, the finest and then the first that
 * covers one. What cannot is counted, never thrown.
 */
export function stepsOf(
  raw: Iterable<RawPrice>,
  per: "kWh" | "MWh",
  currency: string,
  { fromMs, toMs }: Window,
): Pick<MarketPrices, "steps" | "gaps"> {
  let gaps = 0;
  const steps: PriceStep[] = [];
  const inside = [...raw].filter(({ startMs, endMs }) => !(endMs <= fromMs || startMs >= toMs));
  const taken = new Set<number>();
  for (const { startMs, endMs, price, taxed } of inside.toSorted((one, other) => lengthOf(one) - lengthOf(other))) {
    const micro = microOf(price, per, currency);
    const taxedMicro = taxed === undefined ? null : microOf(taxed, per, currency);
    const whole = startMs % quarterMs === 0 && endMs % quarterMs === 0 && endMs > startMs && endMs - startMs <= dayMs;
    if (!whole || micro === undefined || taxedMicro === undefined) {
      gaps++;
      continue;
    }
    const quarters = quartersOf(startMs, endMs);
    if (quarters.some((quarter) => taken.has(quarter))) continue;
    for (const quarter of quarters) taken.add(quarter);
    steps.push({ startMs, endMs, microPerKwh: micro, taxedMicroPerKwh: taxedMicro });
  }
  return { steps: steps.toSorted((one, other) => one.startMs - other.startMs), gaps };
}

/** What has no length comes last; it is a gap anyway. */
const lengthOf = ({ startMs, endMs }: RawPrice): number => (Number.isFinite(endMs - startMs) ? endMs - startMs : dayMs * 1000);

/** Starts of the quarters of an hour of a span. */
export function quartersOf(startMs: number, endMs: number): number[] {
  const starts: number[] = [];
  for (let at = startMs; at < endMs; at += quarterMs) starts.push(at);
  return starts;
}

/** Length of the steps of a source that says only where they start: the least distance, at least 15 and at most 60 minutes. */
export function stepLengthMs(startsMs: readonly number[], aloneMs = 3_600_000): number {
  const sorted = [...new Set(startsMs)].toSorted((one, other) => one - other);
  const distances = sorted.slice(1).map((start, index) => start - (sorted[index] ?? 0));
  const least = distances.reduce((one, other) => Math.min(one, other), aloneMs);
  return Math.min(Math.max(least, quarterMs), 3_600_000);
}
