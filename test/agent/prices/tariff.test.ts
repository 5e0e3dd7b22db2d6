import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainTariff } from "../../../agent/config/prices-config.ts";
import type { PriceStep } from "../../../agent/prices/market-prices.ts";
import { householdPrice, priceSeriesOf, tariffOn, type Tariff } from "../../../agent/prices/tariff.ts";
import type { TimedPrice } from "../../../agent/prices/time-of-use.ts";
import { PriceSeries, priceAt } from "../../../core/message/price-series.ts";
import { slotsOfLocalDay } from "../../../core/slots.ts";

const everyDay = new Set([1, 2, 3, 4, 5, 6, 7]);
const allYear = new Set(Array.from({ length: 12 }, (_, month) => month + 1));
const fee = (microPerKwh: bigint, more: Partial<TimedPrice> = {}): TimedPrice => ({
  microPerKwh,
  fromMinute: 0,
  toMinute: 1440,
  days: everyDay,
  months: allYear,
  ...more,
});
const noon = { date: "2026-03-29", minute: 720, weekday: 7, month: 3 };
const house = { zone: "Europe/Amsterdam", currency: "EUR" };
const step = (startMs: number, minutes: number, microPerKwh: bigint): PriceStep => ({
  startMs,
  endMs: startMs + minutes * 60_000,
  microPerKwh,
  taxedMicroPerKwh: null,
});
const quartersOfDay = (date: string): PriceStep[] =>
  slotsOfLocalDay(date, house.zone, 15).map(({ startMs }, index) => step(startMs, 15, BigInt(index) * 1000n));

describe("the price of a kWh", () => {
  const dutch: Tariff = {
    ...plainTariff,
    markupPpm: 10_000n,
    markupMicro: 18_000n,
    gridFee: [fee(50_000n)],
    energyTaxMicro: 108_800n,
    vatPpm: 210_000n,
    export: { sharePpm: 900_000n, feeMicro: 20_000n, vatPpm: 210_000n, floorMicro: null },
  };
  it.each<[string, Partial<PriceStep>, Partial<Tariff>, bigint, bigint]>([
    // (100000 * 1.01 + 18000 + 50000 + 108800) * 1.21 and (100000 * 0.9 - 20000) * 1.21
    ["adds all parts and VAT", { microPerKwh: 100_000n }, {}, 336_138n, 84_700n],
    ["goes below zero with the market", { microPerKwh: -500_000n }, {}, -397_122n, -568_700n],
    ["stays at the floor", { microPerKwh: -500_000n }, { export: { ...dutch.export, floorMicro: 0n } }, -397_122n, 0n],
    ["adds to a taxed price the grid fee with VAT alone", { taxedMicroPerKwh: 300_000n }, {}, 360_500n, 84_700n],
    [
      "has a premium where the fee is below zero",
      {},
      { export: { ...dutch.export, sharePpm: 0n, feeMicro: -81_000n } },
      336_138n,
      98_010n,
    ],
  ])("%s", (_, price, change, importMicro, exportMicro) => {
    const given = { microPerKwh: 100_000n, taxedMicroPerKwh: null, ...price };
    expect(householdPrice(given, { ...dutch, ...change }, noon)).toEqual({ importMicro, exportMicro });
  });

  const money = fc.bigInt({ min: -20_000_000n, max: 20_000_000n });
  const share = fc.bigInt({ min: 0n, max: 2_000_000n });
  const tariff = fc.record({ markupPpm: share, markupMicro: money, fee: money, energyTaxMicro: money, vatPpm: share });

  it("is the exact sum rounded half-even once", () => {
    fc.assert(
      fc.property(money, tariff, (spot, parts) => {
        const { importMicro } = householdPrice(
          { microPerKwh: spot, taxedMicroPerKwh: null },
          { ...plainTariff, ...parts, gridFee: [fee(parts.fee)] },
          noon,
        );
        const sums = parts.markupMicro + parts.fee + parts.energyTaxMicro;
        const exact = (spot * (1_000_000n + parts.markupPpm) + sums * 1_000_000n) * (1_000_000n + parts.vatPpm);
        const rest = exact - importMicro * 10n ** 12n;
        const magnitude = rest < 0n ? -rest : rest;
        expect(magnitude <= 5n * 10n ** 11n).toBe(true);
        if (magnitude === 5n * 10n ** 11n) expect(importMicro % 2n).toBe(0n);
      }),
    );
  });

  it("without any part is the spot price itself, both ways", () => {
    fc.assert(
      fc.property(money, (spot) => {
        const price = householdPrice({ microPerKwh: spot, taxedMicroPerKwh: null }, plainTariff, noon);
        expect(price).toEqual({ importMicro: spot, exportMicro: spot });
      }),
    );
  });

  it("never falls where the market rises, and export never goes below its floor", () => {
    fc.assert(
      fc.property(money, money, tariff, share, money, (one, other, parts, sharePpm, floorMicro) => {
        const [low, high] = one < other ? [one, other] : [other, one];
        const used = { ...plainTariff, ...parts, export: { sharePpm, feeMicro: parts.fee, vatPpm: parts.vatPpm, floorMicro } };
        const [cheap, dear] = [low, high].map((spot) =>
          householdPrice({ microPerKwh: spot, taxedMicroPerKwh: null }, used, noon),
        );
        expect((cheap?.importMicro ?? 0n) <= (dear?.importMicro ?? 0n)).toBe(true);
        expect((cheap?.exportMicro ?? 0n) <= (dear?.exportMicro ?? 0n)).toBe(true);
        expect((cheap?.exportMicro ?? 0n) >= floorMicro).toBe(true);
      }),
    );
  });
});

describe("the series of prices", () => {
  it.each([
    ["2026-03-29", 92],
    ["2026-10-25", 100],
    ["2026-06-01", 96],
  ])("of %s has %s quarters", (date, count) => {
    const [series, ...others] = priceSeriesOf(quartersOfDay(date), [plainTariff], house);
    expect(others).toEqual([]);
    expect(PriceSeries.parse(series)).toMatchObject({ stepS: 900, currency: "EUR" });
    expect(series?.importPerKwh).toHaveLength(count);
  });

  it("has the fees of the local hour on both days of the clock's change", () => {
    const night = fee(10_000n, { fromMinute: 23 * 60, toMinute: 7 * 60 });
    const tariff = { ...plainTariff, gridFee: [night, fee(30_000n)] };
    const nightQuarters = (date: string): number => {
      const free = quartersOfDay(date).map((one) => ({ ...one, microPerKwh: 0n }));
      return priceSeriesOf(free, [tariff], house)[0]?.importPerKwh.filter((price) => price === "10000").length ?? 0;
    };
    expect([nightQuarters("2026-03-29"), nightQuarters("2026-10-25"), nightQuarters("2026-06-01")]).toEqual([28, 36, 32]);
  });

  it("stays in hours where hours are all that changes, and goes to quarters where a fee does not", () => {
    const [startMs] = [Date.parse("2026-06-01T10:00Z")];
    const hours = [step(startMs, 60, 1n), step(startMs + 3_600_000, 60, 2n)];
    expect(priceSeriesOf(hours, [plainTariff], house)).toMatchObject([{ stepS: 3600, importPerKwh: ["1", "2"] }]);
    const halfPast = { ...plainTariff, gridFee: [fee(5n, { fromMinute: 12 * 60 + 30, toMinute: 13 * 60 })] };
    expect(priceSeriesOf(hours, [halfPast], house)).toMatchObject([
      { stepS: 900, importPerKwh: ["1", "1", "6", "6", "2", "2", "2", "2"] },
    ]);
  });

  it("is cut at gaps and where it would be too long", () => {
    const quarters = quartersOfDay("2026-06-01");
    const withGap = quarters.filter((_, index) => index !== 10);
    expect(priceSeriesOf(withGap, [plainTariff], house).map((one) => one.importPerKwh.length)).toEqual([10, 85]);
    const long = Array.from({ length: 1000 }, (_, index) => step(index * 900_000, 15, 1n));
    expect(priceSeriesOf(long, [plainTariff], house).map((one) => one.importPerKwh.length)).toEqual([960, 40]);
    expect(priceSeriesOf([], [plainTariff], house)).toEqual([]);
  });

  it("goes over to the next tariff at local midnight, and has no price before the first", () => {
    const tariffs = [
      { ...plainTariff, validFrom: "2026-07-01", energyTaxMicro: 7n },
      { ...plainTariff, validFrom: "2026-06-30", energyTaxMicro: 6n },
    ];
    const midnightMs = Date.parse("2026-06-30T22:00Z");
    const steps = Array.from({ length: 50 }, (_, hour) => step(midnightMs + (hour - 25) * 3_600_000, 60, 0n));
    const [series] = priceSeriesOf(steps, tariffs, house);
    expect(series?.start).toBe("2026-06-29T22:00:00.000Z");
    expect([midnightMs - 1, midnightMs].map((at) => series && priceAt(series, "import", at))).toEqual([6n, 7n]);
    expect(tariffOn(tariffs, "2026-06-29")).toBeUndefined();
  });

  it("has the fees of weekday and month", () => {
    const winterWeek = fee(9n, { days: new Set([1, 2, 3, 4, 5]), months: new Set([12, 1, 2]) });
    const tariff = { ...plainTariff, gridFee: [winterWeek] };
    const priceOn = (at: string): string | undefined =>
      priceSeriesOf([step(Date.parse(at), 60, 0n)], [tariff], house)[0]?.importPerKwh[0];
    expect(["2026-01-16T12:00Z", "2026-01-17T12:00Z", "2026-03-13T12:00Z"].map(priceOn)).toEqual(["9", "0", "0"]);
  });
});
