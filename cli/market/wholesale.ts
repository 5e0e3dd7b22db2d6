import { isUtf8 } from "node:buffer";
import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { iso } from "../../core/clock/clock.ts";
import { formatMicro } from "../../core/units.ts";
import { type Bounds, checkCurve, usualBounds } from "../../market/wholesale/bid-curve.ts";
import { readCurveFile, writeCurveFile, writeResultFile } from "../../market/wholesale/curve-file.ts";
import { OutlookFile } from "../../market/wholesale/outlook-file.ts";
import { quantileBids } from "../../market/wholesale/quantile-bids.ts";
import { clearProduct } from "../../market/wholesale/uniform-auction.ts";
import { exitCode } from "../exit-code.ts";
import { readDocument } from "../read-document.ts";
import { readInput } from "../read-input.ts";

const mostBytes = 64 * 1024 * 1024;

/** `smart-mla market wholesale bid FILE [--json] [--schema]`: the bid curves of a portfolio, in the columns of curve files. */
export async function wholesaleBid(
  file: string | undefined,
  options: { json?: true; schema?: true },
  say: (line: string) => void,
): Promise<number> {
  if (options.schema) {
    say(JSON.stringify(z.toJSONSchema(OutlookFile, { io: "input", unrepresentable: "any" }), null, options.json ? 0 : 2));
    return exitCode.good;
  }
  if (file === undefined)
    throw new AppError("market-no-file", "name a file with what is known of products, - for standard input, or give --schema");
  const outlook = await readDocument(file, {
    schema: OutlookFile,
    code: "market-bad-outlook",
    name: "outlook on products",
    schemaVerb: "smart-mla market wholesale bid --schema",
    mostBytes,
  });
  const { participant, bounds, products } = outlook;
  const rules: Bounds = bounds
    ? {
        lowest: BigInt(bounds.lowest),
        highest: BigInt(bounds.highest),
        lotWh: bounds.lot_wh,
        tick: BigInt(bounds.tick),
      }
    : usualBounds;
  const curves = quantileBids(
    participant,
    products.map(({ start, forecast_wh: fixedWh, errors_wh: errorsWh, short, long }) => ({
      startMs: Date.parse(start),
      fixedWh,
      errorsWh,
      price: 0n,
      short: BigInt(short),
      long: BigInt(long),
    })),
    new Map(products.map(({ start, position_wh: wh }) => [Date.parse(start), wh])),
    rules,
  );
  // What could not be handed in is no answer.
  for (const curve of curves) inFile(file, () => checkCurve(curve, rules));
  if (options.json)
    say(
      JSON.stringify({
        curves: curves.map(({ startMs, steps, ...rest }) => ({
          ...rest,
          start: iso(startMs),
          steps: steps.map(({ side, wh, limit }) => ({ side, wh, limit: String(limit) })),
        })),
      }),
    );
  else say(writeCurveFile(curves).trimEnd());
  return exitCode.good;
}

/** `smart-mla market wholesale clear FILE [--json]`: clears bid curves product by product. @throws AppError market-bad-curve-file */
export async function wholesaleClear(file: string, options: { json?: true }, say: (line: string) => void): Promise<number> {
  const bytes = await readInput(file, mostBytes);
  if (!isUtf8(bytes)) throw new AppError("market-bad-curve-file", `${file} is not UTF-8; save it as UTF-8`);
  const text = bytes.toString("utf8");
  const curves = readCurveFile(text, file);
  const starts = [...new Set(curves.map(({ startMs }) => startMs))].toSorted((one, other) => one - other);
  // A lot of a real exchange is larger; what the file's three decimals can say is taken.
  const bounds = { ...usualBounds, lotWh: 1, tick: 1n };
  const clearings = starts.map((startMs) =>
    inFile(file, () =>
      clearProduct(
        startMs,
        curves.filter((curve) => curve.startMs === startMs),
        bounds,
      ),
    ),
  );
  if (!options.json) {
    say(writeResultFile(clearings).trimEnd());
    return exitCode.good;
  }
  say(
    JSON.stringify({
      products: clearings.map(({ startMs, price, volumeWh, positions, curtailed }) => ({
        start: iso(startMs),
        price: price === null ? null : formatMicro(price),
        volume_wh: volumeWh,
        positions: positions.map(({ participant, wh, owesMicro }) => ({ participant, wh, owes: formatMicro(owesMicro) })),
        curtailed: curtailed.map(({ limit, ...rest }) => ({ ...rest, limit: formatMicro(limit) })),
      })),
    }),
  );
  return exitCode.good;
}

/** With the file that it is about. */
function inFile<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AppError) throw new AppError(error.code, `${file}: ${error.message}`, { cause: error });
    throw error;
  }
}
