import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { oversold, type Promised } from "../../market/exchange/forecast-bound.ts";
import {
  askAtFill,
  storeCeiling,
  storeFloor,
  type TradingSlot,
  type TradingStore,
  wishedOrders,
} from "../../planner/exchange-strategy.ts";

const firstMs = Date.parse("2026-03-02T10:00:00Z");
const slotOf = (at: number, netWh: number, sellPrice: number, more: Partial<TradingSlot> = {}): TradingSlot => ({
  startMs: firstMs + at * 900_000,
  netWh,
  importPrice: 300_000n,
  exportPrice: 60_000n,
  sellPrice: BigInt(sellPrice),
  buyPrice: BigInt(sellPrice) + 10_000n,
  ...more,
});
const store: TradingStore = {
  fillWh: 2000,
  minWh: 500,
  capacityWh: 5000,
  chargeMaxWh: 1000,
  dischargeMaxWh: 1000,
  chargePerMille: 900,
  dischargePerMille: 900,
  energyCost: 90_000n,
  wear: 20_000n,
};
const said = (slots: readonly TradingSlot[], having: TradingStore | null) =>
  wishedOrders(slots, having).map(({ startMs, side, wh, limit, why }) => [(startMs - firstMs) / 900_000, side, wh, limit, why]);

describe("a house without a store", () => {
  it("offers what is over from the supplier's price, and bids for what it needs up to the supplier's", () => {
    expect(said([slotOf(0, 700, 150_000), slotOf(1, -400, 150_000), slotOf(2, 0, 150_000)], null)).toEqual([
      [0, "sell", 700, 60_000n, "surplus"],
      [1, "buy", 400, 300_000n, "need"],
    ]);
  });

  it("sells at a negative price where the supplier takes money for it", () => {
    expect(said([slotOf(0, 700, 0, { exportPrice: -20_000n })], null)).toEqual([[0, "sell", 700, -20_000n, "surplus"]]);
  });
});

describe("a store", () => {
  it("asks for its cost with losses and wear at least", () => {
    expect(storeFloor(store)).toBe(120_000n);
    expect(storeFloor({ ...store, energyCost: 100_000n })).toBe(131_112n);
    expect(storeFloor({ ...store, energyCost: -100_001n })).toBe(-91_112n);
    expect(storeCeiling(store, 220_000n)).toBe(162_000n);
    expect(storeCeiling(store, 0n)).toBe(-16_200n);
  });

  it("gives each Wh once, where it is worth most: own need at the supplier's price before a sale", () => {
    const slots = [slotOf(0, 0, 130_000), slotOf(1, -600, 140_000), slotOf(2, 0, 200_000), slotOf(3, 0, 110_000)];
    // 1500 Wh above the least fill give 1350: 600 for the house, 750 for the dearest slot.
    expect(said(slots, { ...store, dischargeMaxWh: 2000, chargeMaxWh: 0 })).toEqual([[2, "sell", 749, 120_000n, "store"]]);
  });

  it("offers nothing where no price covers its cost", () => {
    expect(said([slotOf(0, 0, 119_999)], store)).toEqual([]);
  });

  it("bids only where a later slot covers price, losses and wear, and takes the room that is sure", () => {
    const slots = [slotOf(0, 0, 100_000), slotOf(1, 0, 140_000), slotOf(2, 0, 220_000)];
    const empty = { ...store, fillWh: 500 };
    // The ceiling of 220,000 is 162,000: both slots before are cheaper, the first one most.
    expect(wishedOrders(slots, empty)).toEqual([
      { startMs: firstMs, side: "buy", wh: 1000, limit: 162_000n, why: "store", coveredByMs: firstMs + 1_800_000 },
      { startMs: firstMs + 900_000, side: "buy", wh: 236, limit: 162_000n, why: "store", coveredByMs: firstMs + 1_800_000 },
    ]);
    expect(said([slotOf(0, 0, 100_000), slotOf(1, 0, 150_000)], { ...empty, wear: 60_000n })).toEqual([]);
    // Full, and what it would sell first may stay unsold: no room to bid for.
    const full = { ...store, fillWh: 5000, energyCost: 0n };
    expect(
      wishedOrders(
        [slotOf(0, 0, 190_000), ...slots.map((slot, at) => ({ ...slot, startMs: firstMs + (at + 1) * 900_000 }))],
        full,
      ).filter(({ side }) => side === "buy"),
    ).toEqual([]);
  });

  it("keeps own surplus for later only at a price that keeping is worth", () => {
    const slots = [slotOf(0, 800, 80_000), slotOf(1, -500, 70_000)];
    const empty = { ...store, fillWh: 500 };
    // A kWh at the supplier's 0.30 is worth (0.30 - 0.02) * 0.81 before; 500 Wh out take 618 in.
    expect(said(slots, empty)).toEqual([
      [0, "sell", 618, 226_800n, "surplus"],
      [0, "sell", 182, 60_000n, "surplus"],
      [1, "buy", 500, 300_000n, "need"],
    ]);
  });

  const file = join(import.meta.dirname, "../../../shared/cases/p2p-storage-soc-price.json");
  it.runIf(existsSync(file))("asks for more the emptier it is, as in the shared case", () => {
    const { inputs, expected } = JSON.parse(readFileSync(file, "utf8")) as {
      inputs: { initial_rate: number; final_rate: number; soc_percent: number[] };
      expected: { offer_rate: number[] };
    };
    const band = { highest: BigInt(inputs.initial_rate * 10_000), lowest: BigInt(inputs.final_rate * 10_000) };
    const rates = inputs.soc_percent.map((fillWh) => Number(askAtFill({ fillWh, capacityWh: 100 }, band)) / 10_000);
    expect(rates).toEqual(expected.offer_rate);
    const [order] = wishedOrders([slotOf(0, 0, 400_000)], { ...store, askByFill: band });
    expect(order?.limit).toBe(260_000n);
  });
});

it("orders are such as an exchange takes: within forecast and store whichever of them trade, none at or over an own offer", () => {
  const price = fc.integer({ min: -50, max: 400 }).map((thousands) => thousands * 1000);
  const slot = fc.record({
    netWh: fc.integer({ min: -900, max: 900 }),
    sellPrice: price,
    fee: fc.nat(30_000),
    importPrice: price,
  });
  const stores = fc.record({
    fill: fc.nat(100),
    capacityWh: fc.integer({ min: 0, max: 6000 }),
    chargeMaxWh: fc.nat(1500),
    dischargeMaxWh: fc.nat(1500),
    chargePerMille: fc.integer({ min: 700, max: 1000 }),
    dischargePerMille: fc.integer({ min: 700, max: 1000 }),
    energyCost: fc.integer({ min: -20_000, max: 250_000 }).map(BigInt),
    wear: fc.nat(40_000).map(BigInt),
  });
  fc.assert(
    fc.property(fc.array(slot, { minLength: 1, maxLength: 12 }), fc.option(stores), (given, having) => {
      const slots = given.map(({ netWh, sellPrice, fee, importPrice }, at) =>
        slotOf(at, netWh, sellPrice, { importPrice: BigInt(importPrice), buyPrice: BigInt(sellPrice + fee) }),
      );
      const own: TradingStore | null = having && {
        ...having,
        fillWh: Math.floor((having.capacityWh * having.fill) / 100),
        minWh: Math.floor(having.capacityWh / 10),
      };
      const orders = wishedOrders(slots, own);
      const promised = new Map<number, Promised>();
      for (const { startMs, side, wh, limit, why } of orders) {
        expect(Number.isInteger(wh) && wh > 0).toBe(true);
        if (own && why === "store" && side === "sell") expect(limit).toBeGreaterThanOrEqual(storeFloor(own));
        const at = promised.get(startMs) ?? { soldWh: 0, boughtWh: 0, openSellWh: 0, openBuyWh: 0 };
        promised.set(startMs, at);
        if (side === "sell") [at.soldWh, at.openSellWh] = [at.soldWh + wh, at.openSellWh + wh];
        else [at.boughtWh, at.openBuyWh] = [at.boughtWh + wh, at.openBuyWh + wh];
      }
      const forecastStore = own && {
        fillWh: own.fillWh,
        minWh: own.minWh,
        capacityWh: own.capacityWh,
        chargeMaxWh: own.chargeMaxWh,
        dischargeMaxWh: own.dischargeMaxWh,
        chargePerMille: own.chargePerMille,
        dischargePerMille: own.dischargePerMille,
      };
      const forecast = {
        v: 1 as const,
        exchange: "0x",
        participant: "0x",
        time: "2026-03-02T09:00:00Z",
        start: new Date(firstMs).toISOString(),
        slotMinutes: 15,
        netWh: slots.map(({ netWh }) => netWh),
        store: forecastStore,
      };
      expect(oversold(forecast, promised)).toBeNull();
      for (const bid of orders.filter(({ side }) => side === "buy"))
        for (const ask of orders.filter(({ side, startMs }) => side === "sell" && startMs === bid.startMs))
          expect(bid.limit).toBeLessThan(ask.limit);
    }),
    { numRuns: 1000 },
  );
});
