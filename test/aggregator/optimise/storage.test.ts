import { expect, it } from "vitest";
import { instructedW } from "../../../aggregator/optimise/resource-modes.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import { instructionAt } from "../../../core/instruction-at.ts";
import type { InstructionList } from "../../../core/message/instruction.ts";
import type { PriceSeries } from "../../../core/message/price-series.ts";
import type { Resource } from "../../../core/message/resource.ts";
import { exampleSeries } from "../../settlement/fixture.ts";
import { battery, filled } from "../plans.ts";
import { message, midnightMs, quarterMs, slotItem } from "../rows.ts";
import { elm, feederDesk, homesOf, type Sent } from "./feeder-desk.ts";

const quarters = Array.from({ length: 96 }, (_, at) => at);
/** Cheap from 1 to 5 at night, dear from 17 to 21; a little for what is fed in. */
const importPrice = (quarter: number): number => (quarter >= 4 && quarter < 20 ? 0.1 : quarter >= 68 && quarter < 84 ? 0.5 : 0.3);
const series: PriceSeries = exampleSeries({
  importPerKwh: quarters.map((quarter) => String(importPrice(quarter) * 1_000_000)),
  exportPerKwh: quarters.map(() => "50000"),
});

/** Homes with a battery that is so full, whose houses drew so much yesterday. */
async function describeBatteries(
  store: AggregatorStore,
  sites: readonly string[],
  given: { resource?: Resource; fill?: number; fillAtMs?: number; baseW?: (quarter: number) => number } = {},
): Promise<void> {
  const { resource = battery, fill = 50, fillAtMs = midnightMs, baseW = () => 400 } = given;
  for (const site of sites) {
    await store.saveResource(site, resource);
    await store.saveStatus(site, filled(resource, fill, fillAtMs));
    await store.ingest(site, message(quarters.map((at) => slotItem(at + 1, at - 96, baseW(at) / 4))));
  }
}

const newest = (sent: readonly Sent[], site: string, resource = "battery"): InstructionList | undefined =>
  sent.findLast((one) => one.site === site && one.list.resource === resource)?.list;

/** What a battery does with a list: in its own mode it evens out its house. Percent at the end of each quarter, and W at the meter. */
function played(list: InstructionList, fill: number, baseW: (quarter: number) => number) {
  let wh = fill * 100;
  return quarters.map((quarter) => {
    const atMs = midnightMs + quarter * quarterMs;
    const byItself = instructionAt(list, atMs)?.operationModeId === "auto";
    const wished = byItself ? -baseW(quarter) : (instructedW(battery, list, atMs) ?? 0);
    const least = (-Math.max(0, wh - 2000) * 0.95) / 0.25;
    const batteryW = byItself ? Math.max(least, -4000, wished) : wished;
    wh += batteryW * 0.25 * (batteryW > 0 ? 0.95 : 1 / 0.95);
    return { percent: wh / 100, batteryW, gridW: baseW(quarter) + batteryW };
  });
}

it("charges a battery when it is cheap and gives when it is dear, within what the household keeps", async () => {
  const [site = ""] = homesOf(1);
  const { store, desk, sent } = await feederDesk([elm(100_000, [site])], [site], { series });
  await describeBatteries(store, [site]);
  await desk.planAll();
  const list = newest(sent, site) ?? expect.fail("no list for the battery");
  const day = played(list, 50, () => 400);
  expect(day[19]?.percent).toBeCloseTo(100, 0);
  expect(Math.min(...day.map(({ percent }) => percent))).toBeGreaterThanOrEqual(19.9);
  expect(Math.max(...day.map(({ percent }) => percent))).toBeLessThanOrEqual(100.1);
  expect(day.slice(68, 84).every(({ gridW }) => gridW < 61)).toBe(true);
  expect(list.instructions.some(({ reason }) => reason.startsWith("charges when it is cheap"))).toBe(true);
  // Nothing is told anew while nothing is new.
  await desk.planAll();
  expect(sent.length).toBe(1);
});

it("plans a battery of a home on no feeder by prices alone", async () => {
  const { store, desk, sent } = await feederDesk([], ["gw-0"], { series });
  await describeBatteries(store, ["gw-0"]);
  await desk.planAll();
  const list = newest(sent, "gw-0") ?? expect.fail("no list for the battery");
  expect(played(list, 50, () => 400)[19]?.percent).toBeCloseTo(100, 0);
});

it("keeps a feeder's limit by means of batteries, each within its reserve", async () => {
  const sites = homesOf(4);
  // In the evening the houses alone draw 12 kW, and the feeder has 8.
  const evening = (quarter: number): number => (quarter >= 72 && quarter < 80 ? 3000 : 500);
  const { store, desk, sent, clock } = await feederDesk([elm(8000, sites)], sites, { series: exampleSeries() });
  await describeBatteries(store, sites, { baseW: evening });
  await desk.planAll();
  await clock.advance(1000);
  const days = sites.map((site) => played(newest(sent, site) ?? expect.fail(`no list for ${site}`), 50, evening));
  for (const quarter of quarters) {
    const togetherW = days.reduce((sum, day) => sum + (day[quarter]?.gridW ?? 0), 0);
    expect(togetherW, `quarter ${quarter}`).toBeLessThanOrEqual(8001);
  }
  for (const day of days) expect(Math.min(...day.map(({ percent }) => percent))).toBeGreaterThanOrEqual(19.9);
});

it("leaves a battery to itself whose fill level is old, says so, and takes back what it was told", async () => {
  const { store, desk, sent, log, clock } = await feederDesk([elm(100_000, ["gw-0"])], ["gw-0"], { series });
  await describeBatteries(store, ["gw-0"], { fillAtMs: midnightMs - 46 * 60_000 });
  await desk.planAll();
  expect(sent).toEqual([]);
  expect(log.lines.map((line) => line.message)).toContain("fill level not known or too old, battery left to itself");
  await store.saveStatus("gw-0", filled(battery, 50));
  await desk.planAll();
  expect(newest(sent, "gw-0")?.instructions.length).toBeGreaterThan(0);
  await clock.advance(50 * 60_000);
  await desk.planAll();
  expect(newest(sent, "gw-0")?.instructions).toEqual([]);
});

it("plans around a battery that a resident has charged, and gives it nothing to do", async () => {
  const { store, desk, sent } = await feederDesk([elm(100_000, ["gw-0"])], ["gw-0"], { series });
  await describeBatteries(store, ["gw-0"]);
  const until = new Date(midnightMs + 8 * 3_600_000).toISOString();
  await store.saveStatus("gw-0", { ...filled(battery, 50), override: { cause: "user", mode: "boost", until } });
  await desk.planAll();
  expect(sent).toEqual([]);
});
