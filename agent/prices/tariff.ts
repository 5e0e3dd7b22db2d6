import { iso } from "../../core/clock/clock.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import { divideHalfEven } from "../../core/units.ts";
import { quarterMs, quartersOf, type PriceStep } from "./market-prices.ts";
import { localMoments, timedPrice, type LocalMoment, type TimedPrice } from "./time-of-use.ts";

/** Parts of one whole in which percentages are counted: 1 % is 10,000 of them. */
export const ppm = 1_000_000n;

/** What a household pays beside the spot price from a day on. Money in micro-units per kWh without VAT, shares in ppm. */
export interface Tariff {
  /** ISO date, local; "" holds from ever. */
  validFrom: string;
  markupPpm: bigint;
  markupMicro: bigint;
  gridFee: readonly TimedPrice[];
  energyTaxMicro: bigint;
  vatPpm: bigint;
  export: {
    sharePpm: bigint;
    /** Taken off; below zero it is a premium. */
    feeMicro: bigint;
    vatPpm: bigint;
    /** Never less than this; null where it may be anything. */
    floorMicro: bigint | null;
  };
}

/** Both prices of one kWh, in micro-units. */
export interface HouseholdPrice {
  importMicro: bigint;
  exportMicro: bigint;
}

/** The tariff of a local day: the one that began last, or undefined before the first. */
export function tariffOn(tariffs: readonly Tariff[], date: string): Tariff | undefined {
  return tariffs
    .filter(({ validFrom }) => validFrom <= date)
    .reduce<Tariff | undefined>((best, one) => (best && best.validFrom > one.validFrom ? best : one), undefined);
}

/**
 * Import: (spot * (1 + markup share) + markup + grid fee + energy tax) * (1 + VAT). Where the source has the price with its
 * taxes, only the grid fee with its VAT is added. Export: (spot * share - fee) * (1 + VAT), at least the floor.
 * Each is rounded half-even once.
 */
export function householdPrice(
  step: Pick<PriceStep, "microPerKwh" | "taxedMicroPerKwh">,
  tariff: Tariff,
  at: LocalMoment,
): HouseholdPrice {
  const feeMicro = timedPrice(tariff.gridFee, at) ?? 0n;
  const { microPerKwh: spot, taxedMicroPerKwh: taxed } = step;
  const withVat = ppm + tariff.vatPpm;
  const importScaled =
    taxed === null
      ? (spot * (ppm + tariff.markupPpm) + (tariff.markupMicro + feeMicro + tariff.energyTaxMicro) * ppm) * withVat
      : taxed * ppm * ppm + feeMicro * ppm * withVat;
  const { sharePpm, feeMicro: exportFee, vatPpm, floorMicro } = tariff.export;
  const exportMicro = divideHalfEven((spot * sharePpm - exportFee * ppm) * (ppm + vatPpm), ppm * ppm);
  return {
    importMicro: divideHalfEven(importScaled, ppm * ppm),
    exportMicro: floorMicro !== null && exportMicro < floorMicro ? floorMicro : exportMicro,
  };
}

/** As many quarters as fit into one series, in whole hours. */
const mostSteps = 960;

/**
 * Spot prices as the household pays them: one series for each stretch without a gap, in hours where everything in it changes
 * by the hour only, else in quarters of an hour. What no tariff covers is a gap. Pure.
 * @param steps in order, none over another
 * @param zone IANA zone of the house, in which days, hours and seasons of the tariff count
 */
export function priceSeriesOf(
  steps: readonly PriceStep[],
  tariffs: readonly Tariff[],
  { zone, currency }: { zone: string; currency: string },
): PriceSeries[] {
  const stretches: Quarter[][] = [];
  const momentOf = localMoments(zone);
  for (const step of steps)
    for (const startMs of quartersOf(step.startMs, step.endMs)) {
      const at = momentOf(startMs);
      const tariff = tariffOn(tariffs, at.date);
      if (!tariff) continue;
      const quarter = { startMs, hourly: isWholeHours(step), ...householdPrice(step, tariff, at) };
      const last = stretches.at(-1);
      if (last?.at(-1)?.startMs === startMs - quarterMs && last.length < mostSteps) last.push(quarter);
      else stretches.push([quarter]);
    }
  return stretches.map((stretch) => seriesOf(stretch, currency));
}

interface Quarter extends HouseholdPrice {
  startMs: number;
  /** Its spot price is one of whole hours. */
  hourly: boolean;
}

const hourMs = 4 * quarterMs;
const isWholeHours = ({ startMs, endMs }: PriceStep): boolean => startMs % hourMs === 0 && endMs % hourMs === 0;

function seriesOf(stretch: readonly Quarter[], currency: string): PriceSeries {
  const startMs = stretch[0]?.startMs ?? 0;
  const first = (at: number): Quarter | undefined => stretch[at - (at % 4)];
  const isHourly =
    startMs % hourMs === 0 &&
    stretch.length % 4 === 0 &&
    stretch.every(
      ({ hourly, importMicro, exportMicro }, at) =>
        hourly && importMicro === first(at)?.importMicro && exportMicro === first(at)?.exportMicro,
    );
  const used = isHourly ? stretch.filter((_, at) => at % 4 === 0) : stretch;
  return {
    v: 1,
    currency,
    start: iso(startMs),
    stepS: (isHourly ? hourMs : quarterMs) / 1000,
    importPerKwh: used.map(({ importMicro }) => String(importMicro)),
    exportPerKwh: used.map(({ exportMicro }) => String(exportMicro)),
  };
}
