import { expect, it } from "vitest";
import { portfolioForecast } from "../../../aggregator/forecast/forecasts.ts";
import { portfolioOutlook } from "../../../aggregator/forecast/portfolio-outlook.ts";
import { slotsBetween } from "../../../core/slots.ts";
import { quantileBids } from "../../../market/wholesale/quantile-bids.ts";
import { usualBounds } from "../../../market/wholesale/bid-curve.ts";
import { boiler } from "../plans.ts";
import { message, midnightMs, quarterMs, scratchStore, slotItem } from "../rows.ts";

const sites = ["a", "b"];
const days = 4;
const at = (quarter: number): string => new Date(midnightMs + quarter * quarterMs).toISOString();

/** Two homes with four days of history, more in the evening and not always the same; the first is told to heat for an hour. */
async function room() {
  const { store } = await scratchStore();
  for (const [home, site] of sites.entries()) {
    await store.saveResource(site, boiler);
    const items = Array.from({ length: days * 96 }, (_, index) => {
      const quarter = index % 96;
      const usual = quarter >= 72 && quarter < 88 ? 500 : 100;
      return slotItem(index + 1, index - days * 96, usual + 10 * ((index + home) % 7));
    });
    await store.ingest(site, message(items));
  }
  const instructions = [
    { from: 4, until: 8, mode: "on" },
    { from: 8, until: 20, mode: "off" },
  ].map(({ from, until, mode }, index) => ({
    id: `00000000-0000-4000-8000-00000000000${index}`,
    executionTime: at(from),
    validUntil: at(until),
    operationModeId: mode,
    reason: "test",
  }));
  await store.savePlans("a", [{ plan: "00000000-0000-4000-8000-0000000000aa", resource: "boiler", instructions }], midnightMs);
  return store;
}

it("is what homes are foretold to draw and what their appliances were told, with how far that may be off", async () => {
  const store = await room();
  const slots = slotsBetween(midnightMs, midnightMs + 96 * quarterMs, 15);
  const found = await portfolioOutlook(store, sites, slots, midnightMs);
  const { load } = await portfolioForecast(store, sites, slots, midnightMs);
  expect(found.map(({ startMs }) => startMs)).toEqual(slots.map(({ startMs }) => startMs));
  for (const [slot, { forecastWh, errorsWh }] of found.entries()) {
    // The boiler takes 2 kW.
    const toldWh = slot >= 4 && slot < 8 ? 500 : 0;
    expect(forecastWh).toBe(Math.round((load.meanW[slot] ?? 0) / 4 + toldWh));
    expect(errorsWh).toEqual(errorsWh.toSorted((one, other) => one - other));
    // Nobody has panels: three deviations, thirty, forty and thirty in a hundred.
    expect(errorsWh.filter((wh) => wh === errorsWh[0])).toHaveLength(3);
    expect(errorsWh).toHaveLength(10);
  }
  expect(found.findIndex(({ isPlanned }) => !isPlanned)).toBe(20);
  expect((found[80]?.forecastWh ?? 0) - (found[40]?.forecastWh ?? 0)).toBeGreaterThan(600);
});

it("does not count a list that the home has refused", async () => {
  const store = await room();
  await store.answerPlan("a", "00000000-0000-4000-8000-0000000000aa", "REJECTED", null);
  const slots = slotsBetween(midnightMs, midnightMs + 20 * quarterMs, 15);
  const found = await portfolioOutlook(store, sites, slots, midnightMs);
  expect(found.some(({ isPlanned }) => isPlanned)).toBe(false);
  expect(found[5]?.forecastWh).toBeLessThan(500);
});

it("leads to bids that buy more of what is surely needed than of what may be", async () => {
  const store = await room();
  const slots = slotsBetween(midnightMs, midnightMs + 4 * quarterMs, 15);
  const found = await portfolioOutlook(store, sites, slots, midnightMs);
  const curves = quantileBids(
    "agg",
    found.map(({ startMs, forecastWh: fixedWh, errorsWh }) => ({
      startMs,
      fixedWh,
      errorsWh,
      price: 0n,
      short: 220_000n,
      long: 40_000n,
    })),
    new Map(),
    { ...usualBounds, lotWh: 1 },
  );
  expect(curves).toHaveLength(4);
  for (const { steps } of curves) {
    expect(steps[0]?.limit).toBe(usualBounds.highest);
    const limits = steps.map(({ limit }) => Number(limit));
    expect(limits).toEqual(limits.toSorted((one, other) => other - one));
    expect(limits.length).toBeGreaterThan(1);
  }
});
