import { parse } from "csv-parse/sync";
import { stringify } from "csv-stringify/sync";
import { z } from "zod";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { Instant } from "../../core/message/fields.ts";
import type { BidCurve, CurveStep } from "./bid-curve.ts";
import { productMinutes } from "./product.ts";
import type { ProductClearing } from "./uniform-auction.ts";

const columns = ["participant", "product_start", "product_end", "side", "price_per_mwh", "volume_mw"] as const;
const productMs = productMinutes * 60_000;
/** A thousandth of a MW for the length of a product. */
const whPerThousandthMw = (productMinutes / 60) * 1000;

const decimal = (what: string): z.ZodType<number, string> =>
  z
    .string()
    .regex(/^-?\d{1,9}(\.\d{1,3})?$/, `expected ${what} with at most three decimals, such as 12.5`)
    .transform((text) => {
      const [whole = "0", fraction = ""] = text.replace("-", "").split(".");
      return (text.startsWith("-") ? -1 : 1) * (Number(whole) * 1000 + Number(fraction.padEnd(3, "0")));
    });

const Row = z.object({
  participant: z.string().regex(/^[A-Za-z0-9._-]{1,80}$/, "expected 1 to 80 letters, digits, . _ or -"),
  product_start: Instant,
  product_end: Instant,
  side: z.enum(["buy", "sell"]),
  /** Thousandths of a unit of money per MWh are micro-units per kWh. */
  price_per_mwh: decimal("a price"),
  volume_mw: decimal("a power").refine((thousandths) => thousandths > 0, "expected a power above 0"),
});

/**
 * Bid curves from CSV: a line for each step, with the columns participant, product_start, product_end, side, price_per_mwh and
 * volume_mw, in any order. Steps of a participant and product add up.
 * @throws AppError market-bad-curve-file with file and line
 */
export function readCurveFile(text: string, file: string): BidCurve[] {
  const malformed = (line: number, what: string): AppError => new AppError("market-bad-curve-file", `${file}:${line}: ${what}`);
  let headed = false;
  const checked = (names: string[]): string[] => {
    headed = true;
    return header(names);
  };
  let rows: { record: Record<string, string>; info: { lines: number } }[];
  try {
    // With `info` each row comes with its place, which the library's types do not say.
    rows = parse(text, { bom: true, trim: true, skip_empty_lines: true, info: true, comment: "#", columns: checked }) as never;
  } catch (cause) {
    if (cause instanceof AppError) throw malformed(1, cause.message);
    throw new AppError("market-bad-curve-file", `${file}: ${errorMessage(cause)}`, { cause });
  }
  if (!headed) throw malformed(1, `no line with the names of the columns, expected ${columns.join(", ")}`);
  const curves = new Map<string, BidCurve>();
  for (const { record, info } of rows) {
    const row = Row.safeParse(record);
    if (!row.success) throw malformed(info.lines, z.prettifyError(row.error).replaceAll(/\s*\n\s*/g, " "));
    const { participant, product_start: start, product_end: end, side, price_per_mwh: limit, volume_mw: power } = row.data;
    const startMs = Date.parse(start);
    if (Date.parse(end) - startMs !== productMs || startMs % productMs !== 0)
      throw malformed(info.lines, `${start} to ${end} is no product of ${productMinutes} min`);
    // An instant can be written in several ways.
    const curve = curves.get(`${startMs} ${participant}`) ?? { participant, startMs, steps: [] };
    curves.set(`${startMs} ${participant}`, curve);
    curve.steps.push({ side, wh: power * whPerThousandthMw, limit: BigInt(limit) });
  }
  return [...curves.values()];
}

/** The columns of a file as its first line names them: each of ours once, others as they like. @throws AppError market-bad-curve-file */
function header(names: readonly string[]): string[] {
  for (const column of columns) {
    const count = names.filter((name) => name === column).length;
    if (count !== 1)
      throw new AppError(
        "market-bad-curve-file",
        `column ${column} is there ${count} times, expected ${columns.join(", ")} once each`,
      );
  }
  return [...names];
}

/** The same file from curves. */
export function writeCurveFile(curves: readonly BidCurve[]): string {
  return stringify(
    curves.flatMap(({ participant, startMs, steps }) =>
      steps.map(({ side, wh, limit }: CurveStep) => ({
        participant,
        product_start: iso(startMs),
        product_end: iso(startMs + productMs),
        side,
        price_per_mwh: decimals(Number(limit)),
        volume_mw: decimals(wh / whPerThousandthMw),
      })),
    ),
    { header: true, columns: [...columns] },
  );
}

/** What an exchange publishes: a line for each product with its price (empty where nothing was traded) and volume. */
export function writeResultFile(clearings: readonly ProductClearing[]): string {
  return stringify(
    clearings.map(({ startMs, price, volumeWh }) => ({
      product_start: iso(startMs),
      product_end: iso(startMs + productMs),
      price_per_mwh: price === null ? "" : decimals(Number(price)),
      volume_mwh: (volumeWh / 1_000_000).toFixed(6),
    })),
    { header: true, columns: ["product_start", "product_end", "price_per_mwh", "volume_mwh"] },
  );
}

const decimals = (thousandths: number): string => (thousandths / 1000).toFixed(3);
