import { expect, it } from "vitest";
import { orderFeeders } from "../../../aggregator/optimise/order-feeders.ts";
import { instructedW } from "../../../aggregator/optimise/resource-modes.ts";
import type { KeptOrder } from "../../../aggregator/store/flex-order-store.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import type { Resource } from "../../../core/message/resource.ts";
import { boiler, heatPump, statusOf } from "../plans.ts";
import { midnightMs, quarterMs } from "../rows.ts";
import { describeHomes, elm, feederDesk, homesOf } from "./feeder-desk.ts";

const hourMs = 3_600_000;
const limitW = 12_000;
const sites = homesOf(4);

/** Four homes with a water heater and a heat pump want 3,400 W each from midnight on; less is asked for until three. */
function order(change: Partial<KeptOrder> = {}): KeptOrder {
  const slots = Array.from({ length: 96 }, (_, slot) => slot);
  const isAsked = (slot: number): boolean => slot < 12;
  return {
    reference: "order",
    point: "street",
    date: "2026-03-02",
    timezone: "Europe/Amsterdam",
    slotMinutes: 15,
    startMs: midnightMs,
    endMs: midnightMs + 24 * hourMs,
    baselineW: slots.map((slot) => (isAsked(slot) ? 13_600 : 5600)),
    powerW: slots.map((slot) => (isAsked(slot) ? limitW : slot < 24 ? 9600 : 5600)),
    asked: slots.map((slot) => (isAsked(slot) ? 1 : 0)),
    leeway: { mostW: slots.map(() => limitW), leastW: slots.map(() => -1e9) },
    price: 1_000_000n,
    penaltyPerKwh: 300_000n,
    orderedMs: midnightMs,
    netMicro: null,
    agreedMs: null,
    ...change,
  };
}

async function orderedStreet(change: Partial<KeptOrder> = {}) {
  const made = await feederDesk([elm(100_000, sites)], sites, { points: new Map([["elm", "street"]]) });
  await describeHomes(made.store, sites, 400);
  for (const site of sites) await made.store.saveResource(site, heatPump);
  await made.store.addFlexOrder(order(change));
  return made;
}

/** What the newest plans have an appliance do, W in each quarter of an hour from midnight. */
async function toldW(store: AggregatorStore, site: string, resource: Resource): Promise<number[]> {
  const list = (await store.plans(site)).find((one) => one.list.resource === resource.resource)?.list ?? expect.fail();
  return Array.from({ length: 28 }, (_, at) => instructedW(resource, list, midnightMs + at * quarterMs) ?? 0);
}

it("an order stands below the wishes of the homes, with a reserve below it; a slot that nothing was asked for has all the room", () => {
  const group = { name: "elm", feeders: [elm(100_000, sites)], sites };
  const slots = [0, 12, 96].map((at) => ({ startMs: midnightMs + at * quarterMs, endMs: midnightMs + (at + 1) * quarterMs }));
  const hours = Float64Array.of(0.25, 0.25, 0.25);
  const made = (points: [string, string][], reserveW: number) =>
    orderFeeders(group, slots, hours, { orders: [order()], points: new Map(points), reserveW: () => reserveW });
  const { orders, reserves } = made([["elm", "street"]], 1000);
  expect(orders).toMatchObject([{ name: "orders at elm", members: [0, 1, 2, 3], soft: true }]);
  expect(Array.from(orders[0]?.importLimitWh ?? [])).toEqual([limitW / 4, limitW / 4, Infinity]);
  expect(reserves).toMatchObject([{ name: "orders at elm, reserve", soft: true }]);
  expect(Array.from(reserves[0]?.importLimitWh ?? [])).toEqual([2750, 2750, Infinity]);
  expect(Array.from(made([["elm", "street"]], 0).reserves[0]?.importLimitWh ?? [])).toEqual([Infinity, Infinity, Infinity]);
  expect(made([["oak", "street"]], 0)).toEqual({ orders: [], reserves: [] });
});

it("keeps an order that asks for less in some slots by what there is room for in the others", async () => {
  const { store, desk, log } = await orderedStreet();
  await desk.planAll();
  expect(log.lines.filter(({ level }) => level === "warn")).toEqual([]);
  for (const site of sites)
    expect((await toldW(store, site, boiler)).slice(0, 26).reduce((sum, watts) => sum + watts / 4, 0)).toBe(6000);
});

it("keeps a plan that keeps an order while homes do nearly what was planned, heat pumps too", async () => {
  const { store, desk, clock, failures } = await orderedStreet();
  await desk.planAll();
  await clock.advance(60_000);
  const before = new Map<string, number[][]>();
  for (const site of sites) before.set(site, [await toldW(store, site, boiler), await toldW(store, site, heatPump)]);
  await clock.advance(hourMs - 60_000);
  for (const site of sites) {
    const givenWh = (before.get(site)?.[0] ?? []).slice(0, 4).reduce((sum, watts) => sum + watts / 4, 0);
    await store.saveStatus(site, { ...statusOf("boiler", Math.max(0, givenWh - 20)), at: new Date(clock.now()).toISOString() });
  }
  await desk.planAll();
  await clock.advance(60_000);
  for (const site of sites)
    for (const [at, resource] of [boiler, heatPump].entries())
      expect((await toldW(store, site, resource)).slice(4)).toEqual(before.get(site)?.[at]?.slice(4));
  expect(failures).toEqual([]);
});
