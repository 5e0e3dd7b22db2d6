import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { usualBounds } from "../../../market/wholesale/bid-curve.ts";
import { readCurveFile, writeCurveFile, writeResultFile } from "../../../market/wholesale/curve-file.ts";
import { dayAheadGate, intradayGate, productsOfDay } from "../../../market/wholesale/product.ts";
import { clearProduct } from "../../../market/wholesale/uniform-auction.ts";

const startMs = Date.parse("2026-03-02T10:00:00Z");
const head = "participant,product_start,product_end,side,price_per_mwh,volume_mw\n";
const product = "2026-03-02T10:00:00Z,2026-03-02T10:15:00Z";

describe("a file of bid curves", () => {
  it("is read in MW and money per MWh, and cleared", () => {
    const curves = readCurveFile(
      `# day-ahead\n${head}city,${product},buy,80.5,0.4\nwind,${product},sell,-10,0.3\n`,
      "curves.csv",
    );
    expect(curves).toEqual([
      { participant: "city", startMs, steps: [{ side: "buy", wh: 100_000, limit: 80_500n }] },
      { participant: "wind", startMs, steps: [{ side: "sell", wh: 75_000, limit: -10_000n }] },
    ]);
    const clearing = clearProduct(startMs, curves, usualBounds);
    expect(writeResultFile([clearing, { ...clearing, price: null, volumeWh: 0 }])).toBe(
      "product_start,product_end,price_per_mwh,volume_mwh\n" +
        "2026-03-02T10:00:00.000Z,2026-03-02T10:15:00.000Z,80.500,0.075000\n" +
        "2026-03-02T10:00:00.000Z,2026-03-02T10:15:00.000Z,,0.000000\n",
    );
  });

  it.each([
    ["a,b\n1,2\n", /^curves\.csv:1: column participant is there 0 times, expected participant, product_start, /],
    ["grid: []\n", /^curves\.csv:1: column participant is there 0 times/],
    ["# nothing\n", /^curves\.csv:1: no line with the names of the columns/],
    [`${head}city,${product},buy,80.5,0\n`, /^curves\.csv:2: ✖ expected a power above 0/],
    [`${head}\ncity,${product},buy,dear,1\n`, /^curves\.csv:3: ✖ expected a price with at most three decimals/],
    [`${head}city,2026-03-02T10:05:00Z,2026-03-02T10:20:00Z,buy,1,1\n`, /no product of 15 min/],
    [`${head}city,${product},by,1,1\n`, /side/],
    [`${head}city,"${product}\n`, /^curves\.csv: /],
  ])("says where it is wrong: %#", (text, message) => {
    expect(() => readCurveFile(text, "curves.csv")).toThrow(
      expect.objectContaining({ code: "market-bad-curve-file", message: expect.stringMatching(message) as string }),
    );
  });

  it("comes back as it was written", () => {
    const step = fc.record({
      side: fc.constantFrom("buy" as const, "sell" as const),
      wh: fc.integer({ min: 1, max: 10_000 }).map((thousandths) => thousandths * 250),
      limit: fc.integer({ min: -500_000, max: 4_000_000 }).map(BigInt),
    });
    const curve = fc.record({
      participant: fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/),
      startMs: fc.nat(95).map((at) => startMs + at * 900_000),
      steps: fc.array(step, { minLength: 1, maxLength: 5 }),
    });
    const curves = fc.uniqueArray(curve, { selector: ({ participant, startMs: at }) => `${participant} ${at}`, maxLength: 6 });
    fc.assert(
      fc.property(curves, (all) => {
        expect(readCurveFile(writeCurveFile(all), "f")).toEqual(all);
      }),
    );
  });
});

describe("products and gates", () => {
  const rules = { zone: "Europe/Brussels", dayAheadGate: "12:00", intradayLeadMs: 5 * 60_000 };

  it.each([
    ["2026-03-02", 96],
    ["2026-03-29", 92],
    ["2026-10-25", 100],
  ])("%s has %i products", (date, count) => expect(productsOfDay(date, rules)).toHaveLength(count));

  it("closes a day's auction at noon of the day before, by local clocks, for every product of the day", () => {
    for (const date of ["2026-03-02", "2026-03-29", "2026-03-30", "2026-10-25", "2026-10-26"])
      for (const start of productsOfDay(date, rules)) {
        const gate = new Date(dayAheadGate(start, rules)).toLocaleString("sv", { timeZone: rules.zone });
        const dayBefore = new Date(Date.parse(`${date}T00:00:00Z`) - 1).toISOString().slice(0, 10);
        expect(gate).toBe(`${dayBefore} 12:00:00`);
      }
    expect(intradayGate(startMs, rules)).toBe(startMs - 300_000);
  });
});
