import { expect, it, onTestFinished } from "vitest";
import { instructedW } from "../../aggregator/optimise/resource-modes.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { until } from "../fake/until.ts";
import { exampleSeries } from "../settlement/fixture.ts";
import { boiler } from "./plans.ts";
import { midnightMs, quarterMs } from "./rows.ts";
import { street } from "./street.ts";

/** Where a home is new its houses are taken to draw this. */
const unknownW = 1500;
const limitW = 15_000;

it(
  "plans homes on a broker within the limit of their feeder, and takes them off it when an operator says so",
  { timeout: 90_000 },
  async () => {
    const { sites, clock, told, config, heard } = await street({ homes: 6, importLimitW: limitW });
    const store = await openStore(config.database);
    onTestFinished(() => store.close());
    await until("all homes are known", async () => {
      const known = await Promise.all(sites.map((site) => store.resources(site)));
      return known.every(({ length }) => length === 1);
    });
    await until("all homes have a plan", async () => {
      await clock.advance(1000);
      return told.size === sites.length;
    });
    for (let quarter = 0; quarter < 96; quarter++) {
      const atMs = midnightMs + quarter * quarterMs;
      const flexible = [...told.values()].map((list) => instructedW(boiler, list, atMs) ?? 0);
      expect(flexible.reduce((sum, watts) => sum + watts, sites.length * unknownW)).toBeLessThanOrEqual(limitW);
    }
    const before = new Map(heard);
    await store.addWord({
      word: "reduce",
      scope: { kind: "feeder", name: "elm" },
      atMs: clock.now(),
      untilMs: clock.now() + 900_000,
      limitW: null,
    });
    await clock.advance(5000);
    await until("all homes are told", () => sites.every((site) => (heard.get(site) ?? 0) > (before.get(site) ?? 0)));
    expect([...told.values()].map(({ instructions }) => instructions.map(({ operationModeId }) => operationModeId))).toEqual(
      sites.map(() => ["off"]),
    );
  },
);

it("tells homes new prices when their file changes, and plans by them at once", { timeout: 90_000 }, async () => {
  const { sites, clock, told, prices, setPrices } = await street({ homes: 2, importLimitW: 100_000 });
  await until("all homes have a plan", async () => {
    await clock.advance(1000);
    return told.size === sites.length;
  });
  const plannedUntil = (): number =>
    Math.max(...[...told.values()].flatMap(({ instructions }) => instructions.map(({ validUntil }) => Date.parse(validUntil))));
  expect(plannedUntil()).toBe(midnightMs + 96 * quarterMs);
  const next = exampleSeries({ start: new Date(midnightMs + 96 * quarterMs).toISOString() });
  setPrices([exampleSeries(), next]);
  await until("all homes have a plan of both days", async () => {
    await clock.advance(1000);
    return plannedUntil() > midnightMs + 96 * quarterMs;
  });
  // Long before the hour in which all are planned again.
  expect(clock.now() - midnightMs).toBeLessThan(300_000);
  for (const site of sites) expect(prices.get(site)?.at(-1)).toEqual(next);
});
