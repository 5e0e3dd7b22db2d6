import { expect, it, onTestFinished } from "vitest";
import { instructedW } from "../../../aggregator/optimise/resource-modes.ts";
import { openStore } from "../../../aggregator/store/open-store.ts";
import type { Resource } from "../../../core/message/resource.ts";
import { until } from "../../fake/until.ts";
import { boiler, statusOf } from "../plans.ts";
import { midnightMs, quarterMs } from "../rows.ts";
import { street } from "../street.ts";

const minuteMs = 60_000;
const quarters = 26;
/** Where a home is new it is taken to draw this besides. */
const unknownW = 1500;
type Street = Awaited<ReturnType<typeof street>>;

/** Moves the time on until all of these homes have a list. */
const allTold = async ({ clock, told }: Street, sites: readonly string[]): Promise<void> =>
  until("all homes have a plan", async () => {
    await clock.advance(1000);
    return sites.every((site) => told.has(site));
  });

/** W that the newest lists of homes have a boiler draw, by quarter of an hour. */
const toldW = ({ told }: Street, sites: readonly string[]): number[] =>
  Array.from({ length: quarters }, (_, quarter) =>
    sites.reduce((sum, site) => {
      const list = told.get(site);
      return sum + ((list && instructedW(boiler, list, midnightMs + quarter * quarterMs)) ?? 0);
    }, 0),
  );
const sumWh = (watts: readonly number[]): number => watts.reduce((sum, one) => sum + one / 4, 0);

it(
  "keeps planning the others while one home rejects all that it is told, and does not tell it again and again",
  { timeout: 90_000 },
  async () => {
    const room = await street({
      homes: 4,
      importLimitW: 11_000,
      answer: (site) => (site === "gw-0" ? "REJECTED" : "ACCEPTED"),
    });
    await allTold(room, room.sites);
    for (let minute = 0; minute < 90; minute++) await room.clock.advance(minuteMs);
    await until("it was told three times", () => (room.heard.get("gw-0") ?? 0) >= 3);
    for (let minute = 0; minute < 90; minute++) await room.clock.advance(minuteMs);
    // In three hours, of which each has a plan: it is left alone after three rejections.
    expect(room.heard.get("gw-0")).toBeLessThanOrEqual(5);
    const others = toldW(room, ["gw-1", "gw-2", "gw-3"]);
    expect(Math.max(...others) + 4 * unknownW).toBeLessThanOrEqual(11_000);
  },
);

it(
  "plans around a home that has gone, and tells it again what it did not answer when it is back",
  { timeout: 90_000 },
  async () => {
    let [isThere, answered] = [true, 0];
    const room = await street({
      homes: 3,
      importLimitW: 11_000,
      answer: (site) => (site !== "gw-0" ? "ACCEPTED" : isThere ? (answered++, "ACCEPTED") : null),
    });
    await allTold(room, room.sites);
    isThere = false;
    await room.say.state("gw-0", "lost");
    const before = room.heard.get("gw-0") ?? 0;
    await until("it is known to have gone", async () => {
      await room.clock.advance(minuteMs);
      return room.log.informed("home has gone, the others are planned around what it was told") > 0;
    });
    for (let minute = 0; minute < 70; minute++) await room.clock.advance(minuteMs);
    // What it was told stands: nothing new came, and the others left it its room.
    expect(room.heard.get("gw-0")).toBe(before);
    expect(Math.max(...toldW(room, room.sites)) + 3 * unknownW).toBeLessThanOrEqual(11_000);
    [isThere, answered] = [true, 0];
    await room.say.state("gw-0", "ready");
    await room.say.resource("gw-0", boiler);
    await until("it is told and answers again", async () => {
      await room.clock.advance(1000);
      return answered > 0;
    });
  },
);

it("bounds what a home can take by lying about what it has and wants", { timeout: 90_000 }, async () => {
  const liar: Resource = {
    ...boiler,
    operationModes: [
      { id: "off", powerW: 0 },
      { id: "on", powerW: 1_000_000_000, minPowerW: 0 },
    ],
    demand: { kind: "energy", energyWh: 1_000_000_000_000, notBefore: "00:00", readyBy: "23:59" },
    maxImportW: 2_000_000_000,
  };
  const room = await street({
    homes: 5,
    // 7.5 kW for the houses; 5 kW for 4 honest heaters, which want 24 kWh in 6.5 hours, and the liar.
    importLimitW: 12_500,
    resource: (site) => (site === "gw-0" ? liar : boiler),
  });
  await allTold(room, room.sites.slice(1));
  await room.clock.advance(2 * minuteMs);
  const honest = toldW(room, room.sites.slice(1));
  expect(Math.max(...honest) + 5 * unknownW).toBeLessThanOrEqual(12_500);
  // Of the 32.5 kWh that there is room for, a fifth each would be 6.5: the honest get their 6 as if the liar wanted no more than they.
  for (const site of room.sites.slice(1)) expect(sumWh(toldW(room, [site]))).toBeGreaterThanOrEqual(0.75 * 6000);
  const store = await openStore(room.config.database);
  onTestFinished(() => store.close());
  // What it did not get of what it could never have had counts for nothing.
  const counted = (await store.curtailments(0)).find(({ site }) => site === "gw-0")?.wh ?? 0;
  expect(counted).toBeLessThanOrEqual(500_000);
});

it(
  "is not led astray by clocks of homes that are hours off, and replans when one does not do what it was told",
  { timeout: 90_000 },
  async () => {
    const room = await street({ homes: 3, importLimitW: 11_000 });
    await allTold(room, room.sites);
    const plans = (): number => room.log.informed("homes planned together");
    await room.clock.advance(2 * minuteMs);
    const before = plans();
    const at = (offMs: number): string => new Date(room.clock.now() + offMs).toISOString();
    for (const [site, offMs] of [
      ["gw-0", 3 * 3_600_000],
      ["gw-1", -3 * 3_600_000],
      ["gw-2", 40 * 365 * 86_400_000],
    ] as const)
      await room.say.status(site, { ...statusOf("boiler", 0), at: at(offMs) });
    for (let second = 0; second < 60; second++) await room.clock.advance(1000);
    expect(plans()).toBe(before);
    // Nothing was given to a heater that was to run: within the hour that is seen, by our own clock.
    for (let minute = 0; minute < 55; minute++) await room.clock.advance(minuteMs);
    const running = room.sites.find((site) => sumWh(toldW(room, [site]).slice(0, 4)) >= 1600) ?? expect.fail();
    await room.say.status(running, { ...statusOf("boiler", 0), at: at(40 * 365 * 86_400_000) });
    await until("there is a new plan", async () => {
      await room.clock.advance(1000);
      return room.log.informed("appliance got something else than planned, planning anew") > 0 && plans() > before;
    });
  },
);

it("waits once for a home that comes and goes a thousand times, and says so a few times only", { timeout: 90_000 }, async () => {
  const room = await street({ homes: 2, importLimitW: 11_000 });
  await allTold(room, room.sites);
  const said = room.log.informed("home is now");
  for (let turn = 0; turn < 500; turn++) await Promise.all([room.say.state("gw-0", "ready"), room.say.state("gw-0", "lost")]);
  await until("it is known to have gone", async () => {
    await room.clock.advance(10_000);
    return room.log.informed("home has gone, the others are planned around what it was told") > 0;
  });
  for (let minute = 0; minute < 10; minute++) {
    await Promise.all([room.say.state("gw-0", "lost"), room.say.state("gw-0", "disconnected")]);
    await room.clock.advance(minuteMs);
  }
  expect(room.log.informed("home has gone, the others are planned around what it was told")).toBe(1);
  expect(room.log.informed("home is now") - said).toBeLessThan(15);
});
