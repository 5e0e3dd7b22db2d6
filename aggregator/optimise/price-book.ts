import { readFileSync } from "node:fs";
import { z } from "zod";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { priceAt, PriceSeries } from "../../core/message/price-series.ts";
import { slotsBetween } from "../../core/slots.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";

/** The prices that the aggregator has announced, in order; the first series that covers an instant binds. */
export interface PriceBook {
  series: readonly PriceSeries[];
  /** The series that binds at an instant. */
  at(instantMs: number): PriceSeries | undefined;
  /** Priced slots from the one that holds `fromMs` until prices end, at most until `toMs`. */
  slots(fromMs: number, toMs: number, minutes: number): PricedSlot[];
}

/** Reads a JSON list of price series. @throws AppError prices-unreadable, prices-malformed */
export function readPriceBook(file: string): PriceBook {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new AppError("prices-unreadable", `${file} cannot be read as JSON: ${errorMessage(cause)}`, { cause });
  }
  const checked = z.array(PriceSeries).min(1).safeParse(value);
  if (!checked.success) throw new AppError("prices-malformed", `${file}: ${z.prettifyError(checked.error)}`);
  return priceBook(checked.data);
}

export function priceBook(series: readonly PriceSeries[]): PriceBook {
  const at = (instantMs: number): PriceSeries | undefined =>
    series.find((one) => priceAt(one, "import", instantMs) !== undefined);
  return {
    series,
    at,
    slots(fromMs, toMs, minutes) {
      const priced: PricedSlot[] = [];
      for (const slot of slotsBetween(fromMs, toMs, minutes)) {
        const found = at(slot.startMs);
        const microPerKwh = found && priceAt(found, "import", slot.startMs);
        if (microPerKwh === undefined) break;
        priced.push({ ...slot, microPerKwh });
      }
      return priced;
    },
  };
}
