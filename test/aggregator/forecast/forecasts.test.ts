import { expect, it } from "vitest";
import { homeForecast, portfolioForecast } from "../../../aggregator/forecast/forecasts.ts";
import { netLoads } from "../../../aggregator/forecast/net-loads.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import { slotsBetween } from "../../../core/slots.ts";
import { battery, boiler, charger, planOf } from "../plans.ts";
import { message, midnightMs, quarterMs, scratchStore, slotItem } from "../rows.ts";

const dayMs = 86_400_000;
const slots = slotsBetween(midnightMs, midnightMs + dayMs, 15);

/** So many days of a grid meter, and of panels' where they gave something: Wh by the quarter of the day. */
async function live(
  store: AggregatorStore,
  site: string,
  days: number,
  wh: (quarter: number) => number,
  pvWh?: (quarter: number) => number,
): Promise<void> {
  const rows = Array.from({ length: days * 96 }, (_, at) => {
    const index = at - days * 96;
    const [drawn, given] = [wh(at % 96), pvWh?.(at % 96) ?? 0];
    const [net, seq] = [drawn - given, 3 * at + 1];
    return [
      slotItem(seq, index, Math.max(0, net)),
      slotItem(seq + 1, index, Math.max(0, -net), { register: "export" }),
      slotItem(seq + 2, index, given, { role: "pv", meter: "roof", register: "export" }),
    ].slice(0, pvWh ? 3 : 2);
  }).flat();
  for (let at = 0; at < rows.length; at += 500)
    await store.ingest(site, message(rows.slice(at, at + 500).map((row, index) => ({ ...row, seq: at + index + 1 }))));
}

const evening = (quarter: number): number => (quarter >= 68 && quarter < 88 ? 300 : 50);
const sun = (quarter: number): number => (quarter >= 40 && quarter < 56 ? 700 : 0);

it("foretells load and panels apart, from meters of both", async () => {
  const { store } = await scratchStore();
  await live(store, "a", 7, evening, sun);
  const { load, pv } = await homeForecast(store, "a", slots, midnightMs);
  expect(load).toMatchObject({ source: "history", days: 8 });
  expect([load.q50[10], load.q50[78], load.q50[48]]).toEqual([200, 1200, 200]);
  expect([pv?.q50[10], pv?.q50[48]]).toEqual([0, 2800]);
  expect(load.errorW).toBeLessThan(120);
  expect(pv?.insideShare).toBeGreaterThan(0.8);
});

it("leaves out what appliances had been told to draw, and says nothing of panels that are not there", async () => {
  const { store } = await scratchStore();
  await store.saveResource("a", boiler);
  await live(store, "a", 7, (quarter) => (quarter < 4 ? 600 : quarter < 8 ? 90 : 100));
  const list = planOf("boiler", 1);
  for (let day = 7; day > 0; day--) {
    const shifted = list.instructions.map((one) => ({
      ...one,
      executionTime: new Date(Date.parse(one.executionTime) - day * dayMs).toISOString(),
      validUntil: new Date(Date.parse(one.validUntil) - day * dayMs).toISOString(),
    }));
    const plan = `00000000-0000-4000-8000-00000000000${day}`;
    await store.savePlans("a", [{ ...list, plan, instructions: shifted }], midnightMs - day * dayMs - 1000);
    await store.answerPlan("a", plan, "ACCEPTED", null);
  }
  const { load, pv } = await homeForecast(store, "a", slots, midnightMs);
  expect(pv).toBeNull();
  // 2.4 kW less the heater's 2.
  expect(load.q50[1]).toBe(400);
});

it("tells of cars and heaters what they say of themselves", async () => {
  const { store } = await scratchStore();
  await store.saveResource("a", boiler);
  await store.saveResource("a", charger);
  const { load, appliances } = await homeForecast(store, "a", slots, midnightMs);
  expect(load.source).toBe("profile");
  const [heater, car] = appliances;
  if (heater?.kind !== "energy" || car?.kind !== "presence") return expect.fail();
  expect([heater.resource, heater.source, heater.errorW, heater.meanW[40]]).toEqual(["boiler", "profile", null, 0]);
  // 6 kWh from nine in the evening until half past six.
  for (const of of [heater.meanW, heater.q10, heater.q90]) expect(of[0]).toBeCloseTo(6000 / 9.5, 6);
  expect([car.source, car.brier, car.meanCount[0], car.meanCount[40], car.meanCount[80]]).toEqual(["profile", null, 1, 0, 1]);
  expect([car.q10[0], car.q90[40]]).toEqual([1, 0]);
});

it("foretells all together from what they did together, scaled where one has not told yet", async () => {
  const { store } = await scratchStore();
  await live(store, "a", 7, evening);
  await live(store, "b", 7, evening, sun);
  await live(store, "c", 3, evening);
  for (const site of ["a", "b", "c"]) await store.saveResource(site, charger);
  const { load, pv, appliances } = await portfolioForecast(store, ["a", "b", "c"], slots, midnightMs);
  expect([load.q50[10], load.q50[78], pv?.q50[48]]).toEqual([600, 3600, 2800]);
  expect(appliances).toMatchObject([{ resource: "all", kind: "presence" }]);
  expect(appliances[0]?.kind === "presence" && appliances[0].meanCount[0]).toBe(3);
});

it("counts homes that have told no reading yet as plain ones, and none that has not said a word", async () => {
  const { store } = await scratchStore();
  const together = async () => (await portfolioForecast(store, ["a", "b", "c", "silent"], slots, midnightMs)).load;
  for (const site of ["a", "b", "c"]) await store.saveResource(site, charger);
  const plain = (await homeForecast(store, "c", slots, midnightMs)).load;
  const none = await together();
  expect(none).toMatchObject({ source: "profile", meanW: plain.meanW.map((watts) => expect.closeTo(3 * watts, 6)) });
  // Three are off less than three times as far.
  for (const slot of slots.keys())
    expect((none.q90[slot] ?? 0) - (none.q50[slot] ?? 0)).toBeLessThan(2.7 * ((plain.q90[slot] ?? 0) - (plain.q50[slot] ?? 0)));
  await live(store, "a", 7, evening);
  expect(await together()).toMatchObject({
    source: "history",
    q50: plain.q50.map((watts, slot) => expect.closeTo(2 * watts + 4 * evening(slot), 6)),
  });
});

it("is what plans rest on after three days, read once in some hours", async () => {
  const { store } = await scratchStore();
  let reads = 0;
  const loads = netLoads({ ...store, slots: (...asked) => (reads++, store.slots(...asked)) });
  await live(store, "a", 7, evening, sun);
  const first = await loads.meanW("a", [charger], slots, midnightMs);
  expect(first?.netW[48]).toBeCloseTo(-2600, 0);
  expect(first?.netW[4]).toBeCloseTo(200, 0);
  const before = reads;
  const later = slotsBetween(midnightMs + 4 * quarterMs, midnightMs + dayMs, 15);
  const known = await loads.meanW("a", [charger], later, midnightMs + 4 * quarterMs);
  expect(known?.netW).toEqual(first?.netW.slice(4));
  expect(known?.pvW[44]).toBeCloseTo(2800, 0);
  expect(reads).toBe(before);
  await loads.meanW("a", [charger], later, midnightMs + 25 * quarterMs);
  expect(reads).toBeGreaterThan(before);
  expect(await loads.meanW("b", [charger], slots, midnightMs)).toBeNull();
});

it("does not take for the house's habit what its battery did, where the battery has a meter", async () => {
  const { store } = await scratchStore();
  // By itself it evens out the house: the grid sees nothing of 2 kW in the evening, nor of the sun at noon.
  for (let day = 7; day > 0; day--)
    for (const [at, meter, register, wattsOf] of [
      [0, "grid", "import", () => 0],
      [100, "grid", "export", () => 0],
      [200, "cell", "import", (hour: number) => (hour >= 11 && hour < 13 ? 3000 : 0)],
      [300, "cell", "export", (hour: number) => (hour >= 18 && hour < 20 ? 2000 : 0)],
    ] as const) {
      const role = meter === "grid" ? "grid" : "load";
      const items = Array.from({ length: 96 }, (_, quarter) =>
        slotItem(day * 1000 + at + quarter, quarter - day * 96, wattsOf(quarter / 4) / 4, { meter, role, register }),
      );
      await store.ingest("a", message(items));
    }
  const known = await netLoads(store).meanW("a", [{ ...battery, meter: "cell" }], slots, midnightMs);
  expect(known?.netW[76]).toBeCloseTo(2000, 0);
  expect(known?.netW[48]).toBeCloseTo(-3000, 0);
  const blind = await netLoads(store).meanW("a", [battery], slots, midnightMs);
  expect(blind?.netW[76] ?? 0).toBeCloseTo(0, 0);
});
