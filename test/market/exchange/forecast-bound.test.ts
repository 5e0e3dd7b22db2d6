import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { oversold, type Promised } from "../../../market/exchange/forecast-bound.ts";
import { at, exchangeForecast } from "./exchange-rig.ts";

const firstMs = Date.parse(at("10:15"));
const slotMs = (slot: number): number => firstMs + slot * 900_000;
const store = {
  fillWh: 4,
  minWh: 1,
  capacityWh: 6,
  chargeMaxWh: 2,
  dischargeMaxWh: 3,
  chargePerMille: 1000,
  dischargePerMille: 1000,
};
const open = (soldWh: number, boughtWh = 0): Promised => ({ soldWh, boughtWh, openSellWh: soldWh, openBuyWh: boughtWh });
const promisedOf = (all: readonly Promised[]): Map<number, Promised> => new Map(all.map((one, slot) => [slotMs(slot), one]));

/** Whether some course of the store delivers every sale, tried one by one. */
function canDeliver(netWh: readonly number[], soldWh: readonly number[], fillWh: number, slot = 0): boolean {
  const [net, sold] = [netWh[slot], soldWh[slot]];
  if (net === undefined || sold === undefined) return true;
  const surplus = net - sold;
  if (sold > 0 && surplus < 0) {
    if (-surplus > store.dischargeMaxWh || fillWh + surplus < store.minWh) return false;
    return canDeliver(netWh, soldWh, fillWh + surplus, slot + 1);
  }
  for (let charge = 0; charge <= Math.max(0, Math.min(surplus, store.chargeMaxWh, store.capacityWh - fillWh)); charge += 1)
    if (canDeliver(netWh, soldWh, fillWh + charge, slot + 1)) return true;
  return false;
}

describe("what forecast and store allow", () => {
  it("is every sale that some course of the store can deliver, and no other", () => {
    const slots = fc.array(fc.tuple(fc.integer({ min: -3, max: 4 }), fc.integer({ min: 0, max: 5 })), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(slots, (all) => {
        const [netWh, soldWh] = [all.map(([net]) => net), all.map(([, sold]) => sold)];
        const found = oversold(exchangeForecast({ netWh, store }), promisedOf(soldWh.map((sold) => open(sold))));
        expect(found === null).toBe(canDeliver(netWh, soldWh, store.fillWh));
      }),
      { numRuns: 1000 },
    );
  });

  it("does not count energy that may never be bought", () => {
    const forecast = exchangeForecast({ netWh: [0, 0], store: { ...store, fillWh: 1 } });
    const bought = (openBuyWh: number) => promisedOf([{ soldWh: 0, boughtWh: 2, openSellWh: 0, openBuyWh }, open(2)]);
    expect(oversold(forecast, bought(2))).toMatchObject({ side: "sell", startMs: slotMs(1), overWh: 2 });
    expect(oversold(forecast, bought(0))).toBeNull();
  });

  it("does not count room that may never be made", () => {
    const forecast = exchangeForecast({ netWh: [0, 0], store: { ...store, fillWh: 6 } });
    const sold = (openSellWh: number) => promisedOf([{ soldWh: 2, boughtWh: 0, openSellWh, openBuyWh: 0 }, open(0, 2)]);
    expect(oversold(forecast, sold(2))).toMatchObject({ side: "buy", startMs: slotMs(1), overWh: 2 });
    expect(oversold(forecast, sold(0))).toBeNull();
  });

  it("lets a house buy what it needs, and no more than it can take beside", () => {
    const forecast = exchangeForecast({ netWh: [-5], store: null });
    expect(oversold(forecast, promisedOf([open(0, 5)]))).toBeNull();
    expect(oversold(forecast, promisedOf([open(0, 6)]))).toMatchObject({ side: "buy", overWh: 1 });
  });

  it("rounds losses against the participant", () => {
    const lossy = { ...store, fillWh: 4, minWh: 0, chargePerMille: 900, dischargePerMille: 900 };
    const forecast = exchangeForecast({ netWh: [0, 0], store: lossy });
    expect(oversold(forecast, promisedOf([open(3)]))).toBeNull();
    // 3 Wh out took 4 Wh of the store.
    expect(oversold(forecast, promisedOf([open(3), open(1)]))).toMatchObject({ startMs: slotMs(1), overWh: 1 });
  });

  it("has nothing to say of slots before the forecast whose trades are done", () => {
    const done = new Map([[slotMs(-1), { soldWh: 9, boughtWh: 0, openSellWh: 0, openBuyWh: 0 }]]);
    expect(oversold(exchangeForecast(), done)).toBeNull();
    expect(oversold(exchangeForecast(), new Map([[slotMs(-1), open(1)]]))).toMatchObject({ overWh: 1 });
  });
});
