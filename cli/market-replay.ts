import { z } from "zod";
import { AppError, errorMessage } from "../core/app-error.ts";
import { formatMicro } from "../core/units.ts";
import { BookFile } from "../market/exchange/book-file.ts";
import { replayBook, type BookResult } from "../market/exchange/replay-book.ts";
import { exitCode } from "./exit-code.ts";
import { readDocument } from "./read-document.ts";

/** Three hundred thousand orders. */
const mostBytes = 64 * 1024 * 1024;

/** `smart-mla market replay BOOK`: clears a book of orders, without any exchange running. */
export async function marketReplay(
  file: string | undefined,
  options: { json?: true; schema?: true },
  say: (line: string) => void,
): Promise<number> {
  if (options.schema) {
    say(JSON.stringify(z.toJSONSchema(BookFile, { io: "input", unrepresentable: "any" }), null, options.json ? 0 : 2));
    return exitCode.good;
  }
  if (file === undefined)
    throw new AppError("market-no-file", "name a file with a book of orders, - for standard input, or give --schema");
  const book = await readDocument(file, {
    schema: BookFile,
    code: "market-bad-book",
    name: "book of orders",
    schemaVerb: "smart-mla market replay --schema",
    mostBytes,
  });
  const result = cleared(book, file);
  if (options.json || !process.stdout.isTTY) say(JSON.stringify(result));
  else for (const line of forPeople(result)) say(line);
  return exitCode.good;
}

function cleared(book: BookFile, file: string): BookResult {
  try {
    return replayBook(book);
  } catch (error) {
    if (error instanceof AppError && error.code === "market-bad-book")
      throw new AppError(error.code, `${file}: ${errorMessage(error)}`, { cause: error });
    throw error;
  }
}

const perKwh = (micro: string | null): string => (micro === null ? "-" : formatMicro(BigInt(micro)));

function* forPeople(result: BookResult): Generator<string> {
  const { currency, slots, zones, trades, unmatched } = result;
  const welfare = (Number(result.welfare_nano) / 1e9).toFixed(6);
  yield `${result.volume_wh} Wh traded, welfare ${welfare} ${currency}, fees ${formatMicro(BigInt(result.fees_micro))} ${currency}`;
  for (const { slot, price_micro_per_kwh: price, volume_wh: wh } of slots)
    yield `${slot ?? "slot"}: ${wh} Wh${price === null ? "" : ` at ${perKwh(price)} ${currency}/kWh`}`;
  for (const { zone, sell_micro_per_kwh: sell, buy_micro_per_kwh: buy } of zones)
    yield `  zone ${zone}: sellers get ${perKwh(sell)}, buyers pay ${perKwh(buy)}`;
  for (const { sell, buy, wh, price_micro_per_kwh: price, fee_micro_per_kwh: fee } of trades)
    yield `  ${sell} to ${buy}: ${wh} Wh at ${perKwh(price)}, fee ${perKwh(fee)}`;
  for (const { participant, with_micro: got, gain_micro: gain } of result.participants ?? [])
    yield `  ${participant} gets ${formatMicro(BigInt(got))}, ${formatMicro(BigInt(gain))} more than from the supplier alone`;
  for (const { order, wh, own_wh: own } of unmatched)
    yield `  not traded: ${order} ${wh} Wh${own > 0 ? `, ${own} Wh of it only with itself` : ""}`;
}
