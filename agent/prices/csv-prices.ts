import { readFile, stat } from "node:fs/promises";
import { Temporal } from "temporal-polyfill";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { stepLengthMs, stepsOf, type MarketPrices, type PriceProvider, type RawPrice, type Window } from "./market-prices.ts";

/** How a file of prices is to be read. */
export interface CsvOptions {
  file: string;
  per: "kWh" | "MWh";
  includesTaxes: boolean;
  currency: string;
  /** IANA zone of times that name none. */
  zone: string;
}

interface Row {
  record: string[];
  info: { lines: number };
}

/** Two years of quarters of an hour. */
const mostBytes = 2 * 1024 * 1024;

/** Prices from a file with the columns `start` and `price`, which is read again each quarter of an hour. */
export function csvPrices(options: CsvOptions): PriceProvider {
  const { file } = options;
  return {
    name: "csv",
    publishes: { everyMs: 15 * 60_000 },
    async fetch(fromMs, toMs, signal) {
      let text: string;
      try {
        const { size } = await stat(file);
        if (size > mostBytes) throw new Error(`${size} bytes are more than ${mostBytes}`);
        text = await readFile(file, { encoding: "utf8", signal });
      } catch (cause) {
        signal.throwIfAborted();
        throw new AppError("prices-file-unreadable", `price file ${file} cannot be read: ${errorMessage(cause)}`, { cause });
      }
      return csvPricesOf(text, options, { fromMs, toMs });
    },
  };
}

/**
 * Prices in the text of such a file. An empty price, or NaN, is a gap; anything else that is no number is a mistake.
 * @throws AppError prices-file-malformed, which names file and line
 */
export async function csvPricesOf(text: string, options: CsvOptions, window: Window): Promise<MarketPrices> {
  const { file, per, includesTaxes, currency, zone } = options;
  const malformed = (line: number, what: string): AppError => new AppError("prices-file-malformed", `${file}:${line}: ${what}`);
  // Loaded only by those who have a file.
  const { parse } = await import("csv-parse/sync");
  let rows: Row[];
  try {
    // With `info` each row comes with its place, which the library's types do not say.
    rows = parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      info: true,
      comment: "#",
    }) as unknown as Row[];
  } catch (cause) {
    throw new AppError("prices-file-malformed", `${file}: ${errorMessage(cause)}`, { cause });
  }
  const [head, ...body] = rows;
  const [startAt, priceAt] = ["start", "price"].map((name) =>
    (head?.record ?? []).findIndex((one) => one.toLowerCase() === name),
  );
  if (!head || startAt === undefined || priceAt === undefined || startAt < 0 || priceAt < 0)
    throw malformed(1, 'the first line must name the columns, among them "start" and "price"');
  let lastMs = -Infinity;
  const prices = body.map(({ record, info }) => {
    const [start = "", price = ""] = [record[startAt], record[priceAt]];
    const startMs = instantOf(start, zone, lastMs);
    if (startMs === undefined)
      throw malformed(info.lines, `"${start}" is no time such as 2026-03-29T01:00Z or, in ${zone}, 2026-03-29T03:00`);
    if (price !== "" && !/^nan$/i.test(price) && !/^[+-]?\d+(\.\d+)?$/.test(price))
      throw malformed(info.lines, `"${price}" is no price such as 0.2315 or -12.5`);
    lastMs = startMs;
    return { startMs, price };
  });
  const stepMs = stepLengthMs(prices.map(({ startMs }) => startMs));
  const raw = prices.map(({ startMs, price }): RawPrice => ({
    startMs,
    endMs: startMs + stepMs,
    price,
    ...(includesTaxes && { taxed: price }),
  }));
  return { currency, zone, ...stepsOf(raw, per, currency, window) };
}

/** A local time that comes twice in autumn is the second one where the line before is already at the first or past it. */
function instantOf(text: string, zone: string, lastMs: number): number | undefined {
  try {
    if (/(Z|[+-]\d\d:?\d\d)$/.test(text)) return Temporal.Instant.from(text).epochMilliseconds;
    const local = Temporal.PlainDateTime.from(text.replace(" ", "T"));
    const earlier = local.toZonedDateTime(zone).epochMilliseconds;
    return earlier > lastMs ? earlier : local.toZonedDateTime(zone, { disambiguation: "later" }).epochMilliseconds;
  } catch {
    return undefined;
  }
}
