import { expect, it } from "vitest";
import { instructedW } from "../../../aggregator/optimise/resource-modes.ts";
import { boiler, carWanting, charger, statusOf } from "../plans.ts";
import { message as rows, midnightMs, quarterMs, slotItem } from "../rows.ts";
import { describeHomes, elm, feederDesk, homesOf, togetherW } from "./feeder-desk.ts";

const hourMs = 3_600_000;
const kwhUntil = (home: { list: Parameters<typeof instructedW>[1] }, quarters: number): number =>
  Array.from({ length: quarters }, (_, at) => (instructedW(boiler, home.list, midnightMs + at * quarterMs) ?? 0) / 4000).reduce(
    (sum, kwh) => sum + kwh,
    0,
  );

it("keeps the feeder's limit in every slot and gives each home its energy, where homes alone would all choose the same", async () => {
  const sites = homesOf(8);
  const alone = await feederDesk([], sites);
  await describeHomes(alone.store, sites);
  await alone.desk.planAll();
  const [herd] = await togetherW(alone.store, sites, 1);
  expect(herd).toBe(8 * 2400);

  const { store, desk, log, failures } = await feederDesk([elm(12_000, sites)], sites);
  await describeHomes(store, sites);
  await desk.planAll();
  const sums = await togetherW(store, sites, 96);
  expect(Math.max(...sums)).toBeLessThanOrEqual(12_000);
  for (const site of sites) {
    const [plan = expect.fail()] = await store.plans(site);
    expect(kwhUntil(plan, 26)).toBe(6);
  }
  expect([log.lines.filter(({ level }) => level === "warn"), failures, await store.shortfalls(0, midnightMs + 1)]).toEqual([
    [],
    [],
    [],
  ]);
});

it("sends staggered, names the contract, and says nothing again that homes follow already", async () => {
  const sites = homesOf(5);
  const { store, desk, clock, sent } = await feederDesk([elm(9000, sites)], sites);
  await describeHomes(store, sites);
  await desk.planAll();
  await clock.advance(60_000);
  expect(new Set(sent.map(({ site }) => site)).size).toBe(5);
  expect(new Set(sent.map(({ atMs }) => atMs)).size).toBe(5);
  const agreements = new Map(sent.map(({ site, list }) => [site, list.agreement]));
  expect(sites.map((site) => agreements.get(site))).toEqual([`0x${"a".repeat(64)}`, undefined, undefined, undefined, undefined]);
  await desk.planAll();
  await clock.advance(60_000);
  expect(sent).toHaveLength(5);
});

it("follows limits by the time of the day", async () => {
  const sites = homesOf(4);
  // From midnight to two in Amsterdam there is room for the houses alone.
  const day = [{ from: "00:00", until: "02:00", importLimitW: 2000 }];
  const { store, desk } = await feederDesk([elm(20_000, sites, { day, timezone: "Europe/Amsterdam" })], sites);
  await describeHomes(store, sites);
  await desk.planAll();
  const sums = await togetherW(store, sites, 26);
  expect(Math.max(...sums.slice(0, 8))).toBeLessThanOrEqual(2000);
  expect(Math.max(...sums)).toBeGreaterThan(2000);
});

it("names what a limit cannot carry, and lets those give up less who gave up more in the days before", async () => {
  const sites = homesOf(4);
  // 4 homes want 24 kWh in 6 h (half an hour before the deadline gateways start by themselves), and there is room for 2 kW beside
  // the houses: 12 kWh.
  const { store, desk, log } = await feederDesk([elm(3600, sites)], sites);
  await describeHomes(store, sites);
  const today = Math.floor(midnightMs / 86_400_000) * 86_400_000;
  await store.addLimitCosts({ curtailments: [{ site: "gw-2", dayMs: today - 86_400_000, wh: 20_000 }] });
  await desk.planAll();
  expect(Math.max(...(await togetherW(store, sites, 96)))).toBeLessThanOrEqual(3600);
  const curtailed = new Map((await store.curtailments(today)).map(({ site, wh }) => [site, wh]));
  const given = sites.map((site) => curtailed.get(site) ?? 0);
  // In steps of a quarter of an hour.
  expect(given.reduce((sum, wh) => sum + wh, 0)).toBe(12_000);
  expect(given[2]).toBe(Math.min(...given));
  expect(log.lines.some(({ message }) => message === "home gets less than it wants, for the limit of its feeder")).toBe(true);
});

it("names the slots in which the houses alone are too much, once", async () => {
  const sites = homesOf(2);
  const { store, desk, log } = await feederDesk([elm(700, sites)], sites);
  await describeHomes(store, sites);
  await desk.planAll();
  await desk.planAll();
  const [first = expect.fail(), ...others] = await store.shortfalls(0, midnightMs + 1);
  expect(first).toMatchObject({ feeder: "elm", kind: "import-limit", startMs: midnightMs, amountW: 100, atMs: midnightMs });
  expect(others).toEqual([]);
  const told = log.lines.filter(({ message }) => message === "feeder limit cannot be kept by any plan of its homes");
  expect(told).toHaveLength(1);
});

it("plans a home whose appliances make no problem by itself, and the others around it", async () => {
  const sites = homesOf(3);
  const { store, desk, log, clock, sent } = await feederDesk([elm(5500, sites)], sites);
  await describeHomes(store, sites);
  // More appliances than a planning problem may have.
  for (let at = 0; at < 50; at++) await store.saveResource("gw-1", { ...boiler, resource: `heater-${at}`, maxImportW: 2400 });
  await desk.planAll();
  await clock.advance(60_000);
  expect(log.lines.map(({ message }) => message)).toContain("appliances make no planning problem, the home is planned by itself");
  expect(sent.some(({ site }) => site === "gw-1")).toBe(true);
  expect(Math.max(...(await togetherW(store, sites, 26)))).toBeLessThanOrEqual(5500);
});

it("leaves a resident's word alone and plans the neighbours around it", async () => {
  const sites = homesOf(2);
  const { store, desk } = await feederDesk([elm(3000, sites)], sites);
  await describeHomes(store, sites);
  const until = new Date(midnightMs + hourMs).toISOString();
  await store.saveStatus("gw-0", { ...statusOf("boiler", 0), override: { cause: "user", mode: "boost", until } });
  await desk.planAll();
  const [mine = expect.fail()] = await store.plans("gw-0");
  const [other = expect.fail()] = await store.plans("gw-1");
  // It gets 2 kWh by the resident's word, the plan adds the other 4.
  expect(kwhUntil(mine, 26)).toBe(4);
  expect(kwhUntil(other, 4)).toBe(0);
});

it("moves loads to where a feeder may not feed back so much, and names what is left", async () => {
  const sites = homesOf(4);
  // Each house feeds 1.5 kW back from one to half past two; the feeder bears 2 kW of the 6.
  const feeder = elm(50_000, sites, { exportLimitW: 2000 });
  const { store, desk } = await feederDesk([feeder], sites);
  for (const site of sites) {
    await store.saveResource(site, boiler);
    const items = Array.from({ length: 96 }, (_, at) => {
      const sunny = at >= 4 && at < 10;
      return [
        slotItem(2 * at + 1, at - 96, sunny ? 0 : 100),
        slotItem(2 * at + 2, at - 96, sunny ? 375 : 0, { register: "export" }),
      ];
    });
    await store.ingest(site, rows(items.flat()));
  }
  await desk.planAll();
  const flexible = await togetherW(store, sites, 96, 0);
  // Two of the four heaters run in each of these slots; without the limit all would run at midnight, when it is cheapest.
  for (let quarter = 4; quarter < 10; quarter++) expect(6000 - (flexible[quarter] ?? 0)).toBeLessThanOrEqual(2000);
  for (const site of sites) expect(kwhUntil((await store.plans(site))[0] ?? expect.fail(), 26)).toBe(6);
  expect(await store.shortfalls(0, midnightMs + 1)).toEqual([]);
});

it("tells nobody anew while cars charge nearly as planned", async () => {
  const sites = homesOf(6);
  const { store, desk, clock, sent } = await feederDesk([elm(16_000, sites)], sites);
  await describeHomes(store, sites);
  for (const [at, site] of sites.entries()) await store.saveResource(site, carWanting(9000 + 371 * at));
  await desk.planAll();
  await clock.advance(60_000);
  const first = sent.splice(0);
  expect(new Set(first.map(({ list }) => list.resource))).toEqual(new Set(["boiler", "charger"]));
  // After an hour each has got some Wh less or more than what its list says.
  await clock.advance(hourMs - 60_000);
  for (const [at, site] of sites.entries())
    for (const { list } of first.filter((one) => one.site === site)) {
      const resource = list.resource === "boiler" ? boiler : charger;
      const told = [0, 1, 2, 3].reduce(
        (sum, quarter) => sum + (instructedW(resource, list, midnightMs + quarter * quarterMs) ?? 0) / 4,
        0,
      );
      const deliveredWh = Math.max(0, Math.round(told + (told > 0 ? 8 * at - 20 : 0)));
      await store.saveStatus(site, { ...statusOf(list.resource, deliveredWh), at: new Date(clock.now()).toISOString() });
    }
  await desk.planAll();
  await clock.advance(60_000);
  expect(sent).toEqual([]);
});

it("plans a longer street in threads, as well as here", { timeout: 60_000 }, async () => {
  const sites = homesOf(14);
  const street = async (threads: number) => {
    const { store, desk, failures } = await feederDesk([elm(21_000, sites)], sites, { threads });
    await describeHomes(store, sites);
    await desk.planAll();
    expect(failures).toEqual([]);
    return togetherW(store, sites, 96);
  };
  const [here, there] = [await street(0), await street(2)];
  expect(there).toEqual(here);
  expect(Math.max(...there)).toBeLessThanOrEqual(21_000);
  expect(Math.max(...there)).toBeGreaterThan(14 * 400);
});
