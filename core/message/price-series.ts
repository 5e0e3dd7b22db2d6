import { z } from "zod";
import { Currency, Instant, Micro } from "./fields.ts";

/** dn/price, retained, signed (OpenADR PRICE and EXPORT_PRICE): prices per kWh in steps from an instant. */
export const PriceSeries = z
  .object({
    v: z.literal(1),
    currency: Currency,
    start: Instant,
    stepS: z.int().min(300).max(3600),
    /** What the household pays for a kWh, taxes and fees included. */
    importPerKwh: z.array(Micro).min(1).max(1000),
    /** What the household gets for a kWh. */
    exportPerKwh: z.array(Micro).min(1).max(1000),
  })
  .refine(({ importPerKwh, exportPerKwh }) => importPerKwh.length === exportPerKwh.length, {
    message: "must have as many steps as importPerKwh",
    path: ["exportPerKwh"],
  });
export type PriceSeries = z.infer<typeof PriceSeries>;

/** The price at an instant in micro-units per kWh, or undefined outside the series. */
export function priceAt(series: PriceSeries, register: "import" | "export", atMs: number): bigint | undefined {
  const index = Math.floor((atMs - Date.parse(series.start)) / (series.stepS * 1000));
  const text = (register === "import" ? series.importPerKwh : series.exportPerKwh)[index];
  return index < 0 || text === undefined ? undefined : BigInt(text);
}
