import { stat } from "node:fs/promises";
import { errorCode, errorMessage } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { priceAt, type PriceSeries } from "../../core/message/price-series.ts";
import { priceBook, type PriceBook } from "../../planner/price-book.ts";
import { readPriceSeries } from "./read-price-series.ts";

/** Prices that are announced, from a file that may change. */
export interface PriceDesk {
  /** What was announced, in its order: stays the same object, what it knows grows. */
  book: PriceBook;
  /** Series that homes are told: those of the file, and others while the last week still asks for them. */
  told(nowMs: number): readonly PriceSeries[];
  /**
   * Reads the file where it has changed; gives what is new in it. A file that cannot be used is logged once and changes nothing.
   */
  look(nowMs: number): Promise<readonly PriceSeries[]>;
}

const dayMs = 24 * 3_600_000;
/** What is over for longer is told no more, once it has left the file. */
const toldMs = 7 * dayMs;
/** And is settled long since. */
const keptMs = 40 * dayMs;

/** Reads the file. @throws AppError prices-unreadable, prices-malformed */
export function priceDesk(file: string, log: Log): PriceDesk {
  let inFile = readPriceSeries(file);
  let known: readonly PriceSeries[] = inFile;
  let book = priceBook(known);
  let seen: string | undefined;
  const take = (fresh: readonly PriceSeries[], nowMs: number): void => {
    for (const series of fresh) {
      const fromMs = firstChanged(series, book);
      if (fromMs !== undefined)
        log.warn({ start: series.start, from: iso(fromMs) }, "other prices were announced for this time already and stay");
    }
    const still = new Set(inFile.map(textOf));
    known = [...known.filter((series) => still.has(textOf(series)) || endMs(series) > nowMs - keptMs), ...fresh];
    book = priceBook(known);
  };
  return {
    book: {
      get series() {
        return known;
      },
      at: (instantMs) => book.at(instantMs),
      slots: (fromMs, toMs, minutes) => book.slots(fromMs, toMs, minutes),
    },
    told(nowMs) {
      const still = new Set(inFile.map(textOf));
      return known.filter((series) => still.has(textOf(series)) || endMs(series) > nowMs - toldMs);
    },
    async look(nowMs) {
      const stamp = await stampOf(file);
      // The first look reads what may have been written since the start.
      if (stamp === seen) return [];
      seen = stamp;
      try {
        inFile = readPriceSeries(file);
      } catch (error) {
        log.error({ file, code: errorCode(error), error: errorMessage(error) }, "new prices cannot be used, the old ones stay");
        return [];
      }
      const had = new Set(known.map(textOf));
      const fresh = inFile.filter((series) => !had.has(textOf(series)));
      if (fresh.length > 0) take(fresh, nowMs);
      return fresh;
    },
  };
}

const textOf = (series: PriceSeries): string => JSON.stringify(series);

const endMs = ({ start, stepS, importPerKwh }: PriceSeries): number => Date.parse(start) + importPerKwh.length * stepS * 1000;

/** Changes with each writing of a file, also where another one takes its place. */
async function stampOf(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  return found ? `${found.mtimeMs} ${found.ctimeMs} ${found.size} ${found.ino}` : "gone";
}

/** Where a series says another price than what binds already; undefined where it does not. */
function firstChanged(series: PriceSeries, book: PriceBook): number | undefined {
  const startMs = Date.parse(series.start);
  for (const step of series.importPerKwh.keys()) {
    const atMs = startMs + step * series.stepS * 1000;
    const before = book.at(atMs);
    const differs = (register: "import" | "export"): boolean =>
      before !== undefined && priceAt(before, register, atMs) !== priceAt(series, register, atMs);
    if (differs("import") || differs("export")) return atMs;
  }
  return undefined;
}
