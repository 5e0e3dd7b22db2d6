import { expect, it } from "vitest";
import { timedPriceOf } from "../../../agent/config/prices-config.ts";
import { staticPrices } from "../../../agent/prices/static-prices.ts";

const day = { from: "07:00", to: "23:00" };
const night = { from: "23:00", to: "07:00" };
const signal = new AbortController().signal;
const house = { currency: "EUR", zone: "Europe/Amsterdam" };

it.each([
  ["2026-03-28T23:00Z", "2026-03-29T22:00Z", 92, 28],
  ["2026-10-24T22:00Z", "2026-10-25T23:00Z", 100, 36],
])("has each quarter from %s to %s at the price of its local hour", async (from, to, count, cheap) => {
  const prices = [timedPriceOf({ price: "0.31", ...day }), timedPriceOf({ price: "0.24", ...night })];
  const provider = staticPrices({ prices, includesTaxes: true, ...house });
  const { steps, gaps } = await provider.fetch(Date.parse(from), Date.parse(to), signal);
  expect([steps.length, gaps]).toEqual([count, 0]);
  expect(steps.filter(({ taxedMicroPerKwh }) => taxedMicroPerKwh === 240_000n)).toHaveLength(cheap);
});

it("counts hours without a price", async () => {
  const provider = staticPrices({ prices: [timedPriceOf({ price: "0.31", ...day })], includesTaxes: false, ...house });
  const { steps, gaps } = await provider.fetch(Date.parse("2026-06-01T22:00Z"), Date.parse("2026-06-02T22:00Z"), signal);
  expect([steps.length, gaps, steps[0]?.taxedMicroPerKwh]).toEqual([64, 32, null]);
});
