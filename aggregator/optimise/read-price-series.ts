import { z } from "zod";
import { PriceSeries } from "../../core/message/price-series.ts";
import { parseAs } from "../../core/parse-as.ts";
import { readJsonFile } from "../../core/read-json-file.ts";

/** Reads a JSON list of price series. @throws AppError prices-unreadable, prices-malformed */
export function readPriceSeries(file: string): PriceSeries[] {
  return parseAs(z.array(PriceSeries).min(1), readJsonFile(file, "prices-unreadable"), "prices-malformed", file);
}
