import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { carryOut, communityHomes } from "../../../bench/market/community-home.ts";
import { communityPart } from "../../../bench/market/community-part.ts";

/** Two homes for two weeks: sun by day, load in the evening. */
const hours = 14 * 24;
const byHour = (of: (hour: number) => number): Float64Array => Float64Array.from({ length: hours }, (_, hour) => of(hour % 24));
const data = {
  loadKwh: [byHour((hour) => (hour >= 17 ? 1.5 : 0.3)), byHour((hour) => (hour >= 9 && hour < 15 ? 1 : 0.4))],
  pvKwh: [byHour((hour) => (hour >= 8 && hour < 16 ? 2 : 0)), byHour(() => 0)],
  price: [],
  carbon: [],
};

describe("a home of the community", () => {
  it("keeps its store within its bounds and loses only what efficiency takes", () => {
    const wh = fc.integer({ min: -4000, max: 4000 });
    fc.assert(
      fc.property(fc.array(wh, { minLength: 1, maxLength: 30 }), (nets) => {
        const [home] = communityHomes(data, 1);
        if (!home?.store) throw new Error("the first home has a store");
        let gridWh = 0;
        for (const netWh of nets) {
          gridWh += carryOut(home, { netWh, soldWh: 0, boughtWh: 0, storeSoldWh: 0, storeBoughtWh: 0, needBidWh: 0 }, false);
          expect(home.fillWh).toBeGreaterThanOrEqual(home.store.minWh);
          expect(home.fillWh).toBeLessThanOrEqual(home.store.capacityWh);
        }
        // What came from the grid and the roof is used, kept or lost.
        expect(gridWh + nets.reduce((sum, netWh) => sum + netWh, 0)).toBeGreaterThanOrEqual(home.fillWh);
      }),
    );
  });

  it("gives what its store has sold, and what the home needs only as far as it did not bid for it", () => {
    const [home] = communityHomes(data, 1);
    if (!home) throw new Error("no home");
    home.fillWh = 6000;
    const hour = { netWh: -500, soldWh: 800, boughtWh: 0, storeSoldWh: 800, storeBoughtWh: 0, needBidWh: 200 };
    expect(carryOut(home, hour, true)).toBe(500 - 800 - 300);
  });
});

it("a community trades what one has and another needs, and is the better for it", () => {
  const { claims } = communityPart(data, { homes: 6, days: 7, firstHour: 24 });
  expect(claims.map(({ ok }) => ok)).toEqual([true, true, true, true, true]);
  expect(claims[1]?.value).toBeGreaterThan(5);
});
