import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { runProgram } from "../fake/run-program.ts";
import { scratch } from "../fake/scratch.ts";

const outlook = {
  participant: "city",
  products: [
    {
      start: "2026-03-02T10:00:00Z",
      forecast_wh: 100_000,
      errors_wh: [-50_000, 0, 50_000],
      short: "130000",
      long: "40000",
    },
  ],
};
const wholesale = (...args: string[]) => runProgram(["market", "wholesale", ...args]);

it("bids by forecast and errors in the columns that clearing reads, and clears them", async () => {
  const folder = scratch("wholesale");
  const file = join(folder, "outlook.json");
  writeFileSync(file, JSON.stringify(outlook));
  const bid = await wholesale("bid", file);
  expect(bid.code).toBe(0);
  expect(bid.out.trim().split("\n")).toEqual([
    "participant,product_start,product_end,side,price_per_mwh,volume_mw",
    "city,2026-03-02T10:00:00.000Z,2026-03-02T10:15:00.000Z,buy,4000.000,0.200",
    "city,2026-03-02T10:00:00.000Z,2026-03-02T10:15:00.000Z,buy,100.000,0.200",
    "city,2026-03-02T10:00:00.000Z,2026-03-02T10:15:00.000Z,buy,70.000,0.200",
  ]);
  expect(JSON.parse((await wholesale("bid", file, "--json")).out)).toMatchObject({
    curves: [
      { participant: "city", steps: [{ side: "buy", wh: 50_000, limit: "4000000" }, { limit: "100000" }, { limit: "70000" }] },
    ],
  });
  const curves = join(folder, "curves.csv");
  writeFileSync(curves, `${bid.out}wind,2026-03-02T10:00:00Z,2026-03-02T10:15:00Z,sell,80,0.3\n`);
  const cleared = await wholesale("clear", curves);
  expect(cleared.out).toBe(
    "product_start,product_end,price_per_mwh,volume_mwh\n2026-03-02T10:00:00.000Z,2026-03-02T10:15:00.000Z,100.000,0.075000\n",
  );
  expect(JSON.parse((await wholesale("clear", curves, "--json")).out)).toMatchObject({
    products: [
      {
        volume_wh: 75_000,
        positions: [
          { participant: "city", wh: 75_000 },
          { participant: "wind", wh: -75_000 },
        ],
      },
    ],
  });
});

it("says what a file should be, and prints its schema", async () => {
  const file = join(scratch("wholesale"), "outlook.json");
  writeFileSync(file, JSON.stringify({ ...outlook, products: [{ ...outlook.products[0], short: "1", long: "2" }] }));
  const refused = await wholesale("bid", file);
  expect(refused.code).toBe(2);
  expect(refused.err).toContain("market-bad-outlook");
  const { short, long } = outlook.products[0] ?? {};
  const asNumbers = { ...outlook.products[0], short: Number(short), long: Number(long) };
  writeFileSync(file, JSON.stringify({ ...outlook, products: [asNumbers] }));
  expect(await wholesale("bid", file)).toMatchObject({ code: 0, err: "" });
  expect((await wholesale("bid")).err).toContain("market-no-file");
  expect(JSON.parse((await wholesale("bid", "--schema")).out)).toMatchObject({ type: "object" });
  writeFileSync(file, "participant,side\n1,2\n");
  expect((await wholesale("clear", file)).err).toContain("market-bad-curve-file");
});

const head = "participant,product_start,product_end,side,price_per_mwh,volume_mw\n";
it.each<[string, string | Buffer, RegExp]>([
  ["an empty file", "", /^market-bad-curve-file: FILE:1: no line with the names of the columns, expected participant, /],
  ["bytes that are no text", Buffer.from([0xff, 0xfe, 0x00]), /^market-bad-curve-file: FILE is not UTF-8/],
  ["a missing column", head.replace("side,", ""), /^market-bad-curve-file: FILE:1: column side is there 0 times/],
  ["a column that is there twice", `side,${head}`, /FILE:1: column side is there 2 times/],
  [
    "a volume that no exchange takes",
    `${head}a,2026-03-02T10:00:00Z,2026-03-02T10:15:00Z,buy,10,999999999\n`,
    /^market-bad-curve: FILE: curve of a for 2026-03-02T10:00:00.000Z: buy /,
  ],
  [
    "a participant that would trade with itself, its product written in two ways",
    `${head}a,2026-03-02T10:00:00Z,2026-03-02T10:15:00Z,buy,10,1\na,2026-03-02T10:00:00.000Z,2026-03-02T10:15:00.000Z,sell,5,1\n`,
    /^market-bad-curve: FILE: .*it buys where it sells from 5000/,
  ],
])("does not clear %s", async (_, text, message) => {
  const file = join(scratch("wholesale"), "curves.csv");
  writeFileSync(file, text);
  const { code, err } = await wholesale("clear", file);
  expect([code, err.replaceAll(file, "FILE")]).toEqual([2, expect.stringMatching(message)]);
});

it.each<[string, object, RegExp]>([
  ["bounds the wrong way round", { bounds: { lowest: "10", highest: "-10" } }, /bounds.lowest: must be below highest/],
  ["a tick of nothing", { bounds: { tick: 0 } }, /bounds.tick: a tick above 0/],
  ["a bound beside the ticks", { bounds: { highest: "19" } }, /bounds.highest: must be a multiple of tick/],
  [
    "a price that is no whole number",
    { products: [{ ...outlook.products[0], short: "0.22" }] },
    /products\[0\].short: expected whole micro-units per kWh/,
  ],
  [
    "a product that is there twice",
    { products: [outlook.products[0], outlook.products[0]] },
    /products\[1\].start: that of products\[0\]/,
  ],
  [
    "a volume that no exchange takes",
    { products: [{ ...outlook.products[0], forecast_wh: 1e12 }] },
    /^market-bad-curve: FILE: curve of city for .*: buy /,
  ],
  [
    "a price that no exchange takes",
    { bounds: { highest: "999999999999999999999999999990" } },
    /^market-bad-curve: FILE: .*limit 9{29}0 is not/,
  ],
])("does not bid with %s", async (_, change, message) => {
  const file = join(scratch("wholesale"), "outlook.json");
  writeFileSync(file, JSON.stringify({ ...outlook, ...change }));
  const { code, err } = await wholesale("bid", file);
  expect([code, err.replaceAll(file, "FILE")]).toEqual([2, expect.stringMatching(message)]);
});
