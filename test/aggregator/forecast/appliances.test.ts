import { expect, it } from "vitest";
import type { ApplianceForecast } from "../../../aggregator/forecast/appliance-forecast.ts";
import { homeForecast, portfolioForecast } from "../../../aggregator/forecast/forecasts.ts";
import { habits } from "../../../aggregator/forecast/habits.ts";
import type { Resource } from "../../../core/message/resource.ts";
import { slotsBetween } from "../../../core/slots.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import { boiler, charger } from "../plans.ts";
import { midnightMs, quarterMs, scratchStore, slotItem } from "../rows.ts";
import { carDays, dayMs, openCar, tell } from "./appliance-days.ts";

const slots = slotsBetween(midnightMs, midnightMs + dayMs, 15);

/** Of its kind the only one. */
function only<Kind extends ApplianceForecast["kind"]>(forecasts: readonly ApplianceForecast[], kind: Kind) {
  const found = forecasts.filter((one): one is Extract<ApplianceForecast, { kind: Kind }> => one.kind === kind);
  return found[0] && found.length === 1 ? found[0] : expect.fail();
}

/** A tank of 100 l that is kept warm by a heat pump, with a meter. */
const tank: Resource = {
  ...boiler,
  resource: "tank",
  meter: "tank",
  operationModes: [
    { id: "off", powerW: 0, fillRate: 0 },
    { id: "on", powerW: 500, fillRate: 12.9 },
  ],
  storage: { kind: "tank", whPerK: 116.3, fillLevelRange: { from: 45, to: 60 }, leakage: { wPerK: 0, ambientC: 20 } },
};

/** So many days of a tank that is heated at three in the morning, and out of which people take it all at seven in the evening. */
async function tankDays(store: AggregatorStore, site: string, days: number): Promise<void> {
  const quarters = Array.from({ length: days * 96 }, (_, at) => ({ index: at - days * 96, quarter: at % 96 }));
  const warmC = (quarter: number): number => (quarter < 12 || quarter >= 76 ? 40 : 40 + 3.225 * Math.min(4, quarter - 12));
  const at = (index: number): string => new Date(midnightMs + index * quarterMs).toISOString();
  await Promise.all(
    [...quarters, { index: 0, quarter: 0 }].map(({ index, quarter }) =>
      store.keepFill(site, "tank", { value: warmC(quarter), at: at(index) }),
    ),
  );
  const load = { meter: "tank", role: "load" as const };
  await tell(
    store,
    site,
    quarters.map(({ index, quarter }) => slotItem(1, index, quarter >= 12 && quarter < 16 ? 125 : 0, load)),
  );
}

it("foretells when a car is there from what its charger's meter told, and says how far that was off", async () => {
  const { store } = await scratchStore();
  await store.saveResource("a", openCar(10_000));
  await carDays(store, "a", 14, (day) => (day % 5 === 0 ? 17 : 18));
  const car = only((await homeForecast(store, "a", slots, midnightMs)).appliances, "presence");
  expect(car).toMatchObject({ resource: "charger", source: "history" });
  const at = (hour: number) => [car.q10[hour * 4], car.q50[hour * 4], car.q90[hour * 4]];
  // Its window begins at three; nobody knows anything of noon.
  expect([car.meanCount[48], car.meanCount[62], car.meanCount[74], car.meanCount[90]]).toEqual([0, 0, 1, 1]);
  expect(car.meanCount[69]).toBeGreaterThan(0.05);
  expect(car.meanCount[69]).toBeLessThan(0.5);
  expect([at(16), at(19)]).toEqual([
    [0, 0, 0],
    [1, 1, 1],
  ]);
  expect(car.errorShare).toBe(0);
  expect(car.brier).toBeLessThan(0.03);
});

it("goes by what a home says of its car while too little was seen of it, or always the same", async () => {
  const { store } = await scratchStore();
  for (const site of ["short", "never"]) await store.saveResource(site, openCar(10_000));
  await carDays(store, "short", 2, () => 18);
  await carDays(store, "never", 14, () => 99);
  for (const site of ["short", "never"]) {
    const car = only((await homeForecast(store, site, slots, midnightMs)).appliances, "presence");
    expect([site, car.source, car.brier, car.meanCount[62], car.meanCount[40]]).toEqual([site, "profile", null, 1, 0]);
  }
});

it("foretells what a heater draws and what people take out of its tank, each with quantiles and error", async () => {
  const { store } = await scratchStore();
  await store.saveResource("a", tank);
  await tankDays(store, "a", 10);
  const { appliances } = await homeForecast(store, "a", slots, midnightMs);
  const [energy, draw] = [only(appliances, "energy"), only(appliances, "draw")];
  expect([energy.source, energy.q50[13], energy.q50[40]]).toEqual(["history", 500, 0]);
  expect([draw.source, draw.q50[40], draw.q10[40]]).toEqual(["history", 0, 0]);
  // 12.9 K of 116.3 Wh each, spread over the quarters around.
  const takenWh = draw.meanW.reduce((sum, watts) => sum + watts / 4, 0);
  expect(takenWh).toBeCloseTo(12.9 * 116.3, -1);
  expect(draw.meanW[75]).toBeGreaterThan(1000);
  expect(energy.errorW).toBeGreaterThanOrEqual(0);
  expect(draw.errorW).toBeLessThan(100);
});

it("adds up cars and heaters of all homes, by their habits where they have any and as described where not", async () => {
  const { store } = await scratchStore();
  for (const site of ["a", "b"]) await store.saveResource(site, openCar(10_000));
  await store.saveResource("c", charger);
  for (const site of ["a", "b"]) await carDays(store, site, 10, () => 18);
  await store.saveResource("d", tank);
  await tankDays(store, "d", 10);
  await store.saveResource("c", boiler);
  const { appliances } = await portfolioForecast(store, ["a", "b", "c", "d"], slots, midnightMs);
  const [car, energy, draw] = [only(appliances, "presence"), only(appliances, "energy"), only(appliances, "draw")];
  expect([car, energy, draw].map(({ resource, source }) => `${resource} ${source}`)).toEqual(Array(3).fill("all history"));
  // The third is as its home says, from six in the evening.
  expect([car.meanCount[62], car.meanCount[80], car.q10[80], car.q90[80]]).toEqual([0, 3, 3, 3]);
  expect([car.errorShare, car.brier]).toEqual([0, 0]);
  // The heat pump at three, and the boiler all night.
  expect(energy.q50[13]).toBeCloseTo(500 + 6000 / 9.5, 0);
  expect(draw.errorW).toBeLessThan(100);
});

it("is read once in some hours for plans, and anew where a window changes", async () => {
  const { store } = await scratchStore();
  await carDays(store, "a", 10, () => 18);
  let reads = 0;
  const known = habits({ ...store, meterSlots: (...asked) => (reads++, store.meterSlots(...asked)) });
  const at = async (resource: Resource, nowMs: number) => (await known.of("a", [resource], slots, nowMs)).get("charger");
  const car = openCar(10_000);
  const first = await at(car, midnightMs);
  expect([first?.presentShare?.[62], first?.presentShare?.[80], first?.drawW]).toEqual([0, 1, null]);
  expect(known.errors()).toEqual({ heaterW: null, drawW: null, presenceBrier: 0 });
  expect(await at(car, midnightMs + quarterMs)).toEqual(first);
  expect(reads).toBe(1);
  await at({ ...car, timezone: "UTC" }, midnightMs + quarterMs);
  await at(car, midnightMs + 30 * quarterMs);
  expect(reads).toBe(3);
  expect((await known.of("b", [car], slots, midnightMs)).get("charger")).toEqual({ presentShare: null, drawW: null });
});
