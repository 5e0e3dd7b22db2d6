import { z } from "zod";
import { PriceSeries } from "../../core/message/price-series.ts";
import { parseAs } from "../../core/parse-as.ts";
import { readJsonFile } from "../../core/read-json-file.ts";
import { priceBook, type PriceBook } from "../../planner/price-book.ts";

/** Reads a JSON list of price series. @throws AppError prices-unreadable, prices-malformed */
export function readPriceBook(file: string): PriceBook {
  return priceBook(parseAs(z.array(PriceSeries).min(1), readJsonFile(file, "prices-unreadable"), "prices-malformed", file));
}
