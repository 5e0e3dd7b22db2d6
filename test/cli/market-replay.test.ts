import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { marketReplay } from "../../cli/market-replay.ts";
import { errorCode, errorMessage } from "../../core/app-error.ts";
import type { BookResult } from "../../market/exchange/replay-book.ts";
import { scratch } from "../fake/scratch.ts";

async function run(text: string | Buffer, options: { json?: true } = {}): Promise<string> {
  const file = join(scratch("market-replay"), "book.json");
  writeFileSync(file, text);
  const lines: string[] = [];
  try {
    expect(await marketReplay(file, options, (line) => lines.push(line))).toBe(0);
    return lines.join("\n");
  } catch (error) {
    return `${errorCode(error)}: ${errorMessage(error).replaceAll(file, "BOOK")}`;
  }
}
const replayed = async (book: object): Promise<BookResult> => JSON.parse(await run(JSON.stringify(book))) as BookResult;
const order = (id: string, side: string, wh: number, limit: number | string, more: object = {}): object => ({
  id,
  side,
  wh,
  limit_micro_per_kwh: limit,
  ...more,
});

describe("smart-mla market replay", () => {
  it("prints trades, price and welfare of a book", async () => {
    const orders = [order("b1", "buy", 3000, 300_000), order("s1", "sell", 2000, "80000"), order("s2", "sell", 2000, 140_000)];
    expect(await replayed({ orders })).toEqual({
      currency: "EUR",
      mode: "call",
      price_micro_per_kwh: "220000",
      volume_wh: 3000,
      welfare_nano: "600000000",
      paid_micro: "660000",
      received_micro: "660000",
      fees_micro: "0",
      slots: [{ slot: null, price_micro_per_kwh: "220000", volume_wh: 3000, welfare_nano: "600000000" }],
      zones: [{ slot: null, zone: "grid", sell_micro_per_kwh: "220000", buy_micro_per_kwh: "220000" }],
      trades: [
        {
          slot: null,
          sell: "s1",
          buy: "b1",
          wh: 2000,
          price_micro_per_kwh: "220000",
          fee_micro_per_kwh: "0",
          paid_micro: "440000",
          received_micro: "440000",
        },
        {
          slot: null,
          sell: "s2",
          buy: "b1",
          wh: 1000,
          price_micro_per_kwh: "220000",
          fee_micro_per_kwh: "0",
          paid_micro: "220000",
          received_micro: "220000",
        },
      ],
      unmatched: [{ slot: null, order: "s2", wh: 1000, own_wh: 0 }],
    });
  });

  it("clears each slot for itself and knows the fees of ways", async () => {
    const [one, other] = ["2026-03-02T10:00:00Z", "2026-03-02T10:15:00Z"];
    const result = await replayed({
      fee_micro_per_kwh: 10_000,
      paths: [{ from: "north", to: "south", fee_micro_per_kwh: 40_000 }],
      orders: [
        order("b", "buy", 1000, 300_000, { zone: "south", slot: other }),
        order("s", "sell", 1000, 100_000, { zone: "north", slot: other }),
        order("near", "sell", 1000, 100_000, { zone: "south", slot: one }),
      ],
    });
    expect(result.trades).toMatchObject([
      { sell: "s", buy: "b", price_micro_per_kwh: "180000", paid_micro: "220000", received_micro: "180000" },
    ]);
    expect(result.fees_micro).toBe("40000");
    expect(result.slots.map(({ slot, volume_wh }) => [slot, volume_wh])).toEqual([
      ["2026-03-02T10:00:00.000Z", 0],
      ["2026-03-02T10:15:00.000Z", 1000],
    ]);
  });

  it("does not look at the order of an auction's orders, and does of continuous trading", async () => {
    const orders = [
      order("s1", "sell", 3, 5, { participant: "x" }),
      order("s2", "sell", 3, 5),
      order("s3", "sell", 3, 5),
      order("b", "buy", 4, 9),
    ];
    const [here, there] = [await replayed({ orders }), await replayed({ orders: orders.toReversed() })];
    expect(there.trades).toEqual(here.trades);
    const first = await replayed({ mode: "continuous", orders });
    const last = await replayed({ mode: "continuous", orders: orders.toReversed() });
    expect([first, last].map(({ trades }) => trades.map(({ sell, price_micro_per_kwh }) => [sell, price_micro_per_kwh]))).toEqual(
      [
        [
          ["s1", "5"],
          ["s2", "5"],
        ],
        [
          ["s3", "9"],
          ["s2", "9"],
        ],
      ],
    );
  });

  it("compares each participant with the exchange and with the supplier alone", async () => {
    const orders = [
      order("b", "buy", 1000, 300_000, { participant: "ada" }),
      order("s", "sell", 1500, 80_000, { participant: "ben" }),
    ];
    const supplier = { import_micro_per_kwh: 300_000, export_micro_per_kwh: 80_000 };
    expect((await replayed({ supplier, orders })).participants).toEqual([
      { participant: "ada", with_micro: "-190000", without_micro: "-300000", gain_micro: "110000" },
      { participant: "ben", with_micro: "230000", without_micro: "120000", gain_micro: "110000" },
    ]);
  });

  it("clears a book with thousands of zones that no way tells apart", async () => {
    const orders = Array.from({ length: 4000 }, (_, at) =>
      order(`${at}`, at % 2 === 0 ? "buy" : "sell", 1, 5, { zone: `z${at}` }),
    );
    expect((await replayed({ orders })).volume_wh).toBe(2000);
    const paths = Array.from({ length: 101 }, (_, at) => ({ from: `z${at}`, to: `z${at}`, fee_micro_per_kwh: 1 }));
    expect(await run(JSON.stringify({ orders, paths }))).toMatch(/BOOK:1 paths: expected at most 100 zones/);
  });

  it("reads YAML, and an empty book", async () => {
    expect(JSON.parse(await run("orders: []\ncurrency: NOK\n"))).toMatchObject({
      currency: "NOK",
      trades: [],
      price_micro_per_kwh: null,
    });
  });

  it.each([
    ["{", /^market-bad-book: BOOK is neither JSON nor YAML: /],
    [
      "[]",
      /^market-bad-book: BOOK is no book of orders: BOOK:1 \(top\): .*expected object.*; `smart-mla market replay --schema` prints what is expected$/,
    ],
    ['{"orders": [],\n "fee": 3}', /: BOOK:2 fee: Unrecognized key: "fee"; /],
    [
      '{"orders": [\n  {"id": "a", "side": "by", "wh": 1, "limit_micro_per_kwh": 1}]}',
      /: BOOK:2 orders\[0\]\.side: Invalid option/,
    ],
    ['{"orders": [{"id": "a",\n "side": "buy",\n "wh": -1, "limit_micro_per_kwh": 1}]}', /: BOOK:3 orders\[0\]\.wh: /],
    [
      '{"orders": [{"id": "a", "side": "buy", "wh": 1,\n "limit_micro_per_kwh": 0.215}]}',
      /: BOOK:2 orders\[0\]\.limit_micro_per_kwh: expected whole micro-units per kWh \(0\.215 EUR is 215000\)/,
    ],
    ['{"orders": [], "fee_micro_per_kwh": -5}', /fee_micro_per_kwh: expected a fee of 0 or more/],
    [
      '{"orders": [{"id": "\\ud800", "side": "buy", "wh": 1, "limit_micro_per_kwh": 1}]}',
      /^market-bad-book: .*BOOK:1 orders\[0\]\.id: .*half a surrogate pair/,
    ],
    [
      '{"orders": [], "paths": [{"from": "a", "to": "b", "fee_micro_per_kwh": 1},\n {"from": "a", "to": "b", "fee_micro_per_kwh": 9}]}',
      /^market-bad-book: .*BOOK:2 paths\[1\]: the way from a to b is paths\[0\] too/,
    ],
  ])("says what is wrong with a file, where, and what was expected: %#", async (text, message) => {
    expect(await run(text)).toMatch(message);
  });

  it("takes an order without a participant for nobody else's", async () => {
    const book = { orders: [order("a", "buy", 5, 9), order("b", "sell", 5, 1, { participant: "a" })] };
    expect(await replayed(book)).toMatchObject({ volume_wh: 5, unmatched: [] });
  });

  it("refuses an id that is there twice, and a file that is no text", async () => {
    const twice = JSON.stringify({ orders: [order("a", "buy", 1, 1), order("a", "sell", 1, 1)] });
    expect(await run(twice)).toBe('market-bad-book: BOOK: orders[1].id: "a" is that of orders[0] too; give each its own');
    expect(await run(Buffer.from([0x7b, 0xff, 0xfe]))).toMatch(/^market-bad-book: BOOK is not UTF-8/);
    await expect(marketReplay(undefined, {}, () => {})).rejects.toThrow(/name a file with a book of orders/);
  });

  it("prints the schema of a book", async () => {
    const lines: string[] = [];
    await marketReplay(undefined, { schema: true, json: true }, (line) => lines.push(line));
    const schema = JSON.parse(lines.join("\n")) as { properties: object; required: string[] };
    expect(Object.keys(schema.properties)).toContain("paths");
    expect(schema.required).toEqual(["orders"]);
    // No field takes whatever comes.
    expect(lines.join("\n")).not.toMatch(/[[,:]\{\}[\],}]/);
  });
});
