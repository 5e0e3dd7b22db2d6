import { expect, it } from "vitest";
import { instructedW } from "../../../aggregator/optimise/resource-modes.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import { iso } from "../../../core/clock/clock.ts";
import type { Traded } from "../../../core/message/traded.ts";
import { battery, filled } from "../plans.ts";
import { message, midnightMs, quarterMs, slotItem } from "../rows.ts";
import { describeHomes, elm, feederDesk, togetherW } from "./feeder-desk.ts";

const sold = (quarter: number, soldWh: number): Traded => ({
  v: 1,
  at: iso(midnightMs),
  slots: [
    {
      start: iso(midnightMs + quarter * quarterMs),
      end: iso(midnightMs + (quarter + 1) * quarterMs),
      boughtWh: 0,
      soldWh,
      undrawnPerKwh: null,
      unfedPerKwh: "900000",
    },
  ],
});
const allows = (store: AggregatorStore, site: string): Promise<void> =>
  store.saveConsent(
    site,
    { v: 1, site, aggregator: "agg", scope: "trades", given: true, at: iso(midnightMs), until: null, by: "resident" },
    "",
  );
/** 400 W in each quarter of the day before. */
const usual = (store: AggregatorStore, site: string): Promise<unknown> =>
  store.ingest(site, message(Array.from({ length: 96 }, (_, at) => slotItem(at + 1, at - 96, 100))));

it("a battery is planned to give what its home has sold, minutes after it was told, and only where that may be known", async () => {
  const { store, desk, clock, sent, failures } = await feederDesk([elm(20_000, ["gw-0"])], ["gw-0"]);
  await store.saveResource("gw-0", battery);
  await store.saveStatus("gw-0", filled(battery, 60));
  await usual(store, "gw-0");
  /** What the newest list has it do, W in that quarter. */
  const wattsAt = (quarter: number): number | undefined => {
    const list = sent.findLast((one) => one.list.resource === "battery")?.list;
    return list && instructedW(battery, list, midnightMs + quarter * quarterMs);
  };
  await desk.planAll();
  const before = wattsAt(12) ?? 0;
  expect(before).toBeGreaterThan(-500);
  await store.saveTraded("gw-0", sold(12, 500));
  await desk.planAll();
  expect(wattsAt(12) ?? 0).toBe(before);
  await allows(store, "gw-0");
  desk.onTraded("gw-0");
  await clock.advance(149_000);
  expect(wattsAt(12) ?? 0).toBe(before);
  await clock.advance(2_000);
  expect(failures).toEqual([]);
  // 2 kW into the grid, beside the 400 W of the house.
  expect(wattsAt(12)).toBeGreaterThan(-2420);
  expect(wattsAt(12)).toBeLessThan(-2380);
});

it("what a home has traded that has nothing to move changes no other home's plan under the feeder", async () => {
  const planned = async (trades: boolean): Promise<number[]> => {
    const sites = ["gw-0", "gw-1", "gw-2"];
    const { store, desk } = await feederDesk([elm(4200, sites)], sites);
    await describeHomes(store, ["gw-0", "gw-1"]);
    await usual(store, "gw-2");
    if (trades) {
      await allows(store, "gw-2");
      await store.saveTraded("gw-2", sold(6, 5000));
    }
    await desk.planAll();
    return togetherW(store, sites, 28);
  };
  const plain = await planned(false);
  expect(Math.max(...plain)).toBeGreaterThan(2500);
  expect(await planned(true)).toEqual(plain);
});
