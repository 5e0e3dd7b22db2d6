import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { csvPrices, csvPricesOf, type CsvOptions } from "../../../agent/prices/csv-prices.ts";
import { iso } from "../../../core/clock/clock.ts";
import { scratch } from "../../fake/scratch.ts";

const options: CsvOptions = { file: "p.csv", per: "kWh", includesTaxes: false, currency: "EUR", zone: "Europe/Amsterdam" };
const window = { fromMs: 0, toMs: Date.parse("2100-01-01T00:00Z") };

it("reads times with and without a zone, comments, quotes and other columns", async () => {
  const text =
    '\uFEFF# from the supplier\nStart, note ,price\n"2026-06-01T00:00Z",x,0.25\n2026-06-01T03:00,"a,b",-0.1\n\n2026-06-01 04:00,,0\n';
  const { steps, gaps } = await csvPricesOf(text, options, window);
  expect(steps.map(({ startMs, endMs, microPerKwh }) => [iso(startMs).slice(11, 16), endMs - startMs, microPerKwh])).toEqual([
    ["00:00", 3_600_000, 250_000n],
    ["01:00", 3_600_000, -100_000n],
    ["02:00", 3_600_000, 0n],
  ]);
  expect(gaps).toBe(0);
});

it("reads prices per MWh, with taxes, and quarters of an hour", async () => {
  const text = "start,price\n2026-06-01T00:00Z,100\n2026-06-01T00:15Z,101\n";
  const { steps } = await csvPricesOf(text, { ...options, per: "MWh", includesTaxes: true }, window);
  expect(steps.map(({ endMs, startMs, taxedMicroPerKwh }) => [endMs - startMs, taxedMicroPerKwh])).toEqual([
    [900_000, 100_000n],
    [900_000, 101_000n],
  ]);
});

it("tells the two hours from 2 to 3 in autumn apart by their order", async () => {
  const hours = ["01:00", "02:00", "02:00", "03:00"].map((time) => `2026-10-25T${time},1`);
  const { steps, gaps } = await csvPricesOf(`start,price\n${hours.join("\n")}`, options, window);
  expect([steps.map(({ startMs }) => iso(startMs).slice(8, 16)), gaps]).toEqual([
    ["24T23:00", "25T00:00", "25T01:00", "25T02:00"],
    0,
  ]);
});

it("counts empty, NaN and absurd prices as gaps", async () => {
  const text = "start,price\n2026-06-01T00:00Z,\n2026-06-01T01:00Z,NaN\n2026-06-01T02:00Z,21\n2026-06-01T03:00Z,1\n";
  const { steps, gaps } = await csvPricesOf(text, options, window);
  expect([steps.length, gaps]).toEqual([1, 3]);
});

it.each([
  ["", 'p.csv:1: the first line must name the columns, among them "start" and "price"'],
  ["time,price\n", 'p.csv:1: the first line must name the columns, among them "start" and "price"'],
  ["start,price\n\n2026-06-01T00:00Z,1\nsoon,1\n", 'p.csv:4: "soon" is no time such as'],
  ["start,price\n2026-06-01T00:00Z,cheap\n", 'p.csv:2: "cheap" is no price such as'],
  ['start,price\n"2026', "p.csv: "],
])("says where %j is wrong", async (text, message) => {
  await expect(csvPricesOf(text, options, window)).rejects.toMatchObject({
    code: "prices-file-malformed",
    message: expect.stringContaining(message) as string,
  });
});

it("reads the file anew each time, and says which one is not there", async () => {
  const file = join(scratch("csv"), "prices.csv");
  const provider = csvPrices({ ...options, file });
  const fetch = () => provider.fetch(window.fromMs, window.toMs, AbortSignal.timeout(5000));
  await expect(fetch()).rejects.toMatchObject({
    code: "prices-file-unreadable",
    message: expect.stringContaining(file) as string,
  });
  writeFileSync(file, "start,price\n2026-06-01T00:00Z,1\n");
  expect((await fetch()).steps).toHaveLength(1);
});
