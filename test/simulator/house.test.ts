import fc from "fast-check";
import { expect, it } from "vitest";
import { Temporal } from "temporal-polyfill";
import { contacts, house, newHouse, type House } from "../../simulator/house/house.ts";
import { houseZone, localDays } from "../../simulator/house/local-day.ts";
import { tariffIndex } from "../../simulator/house/energy-counters.ts";

const startMs = Date.parse("2026-01-14T16:00:00Z");
const startS = startMs / 1000;
const daysS = (days: number): number => Math.round(days * 86_400);

/** Lets the house run, with contacts set by local hour each minute. */
function follow(built: House, untilS: number, plan: (hour: number) => Partial<House["state"]["closed"]>): void {
  for (let atS = built.state.atS; atS < untilS; atS += 60) {
    const hour = built.local().secondOfDay / 3600;
    for (const [contact, closed] of Object.entries(plan(hour))) built.set(contact as (typeof contacts)[number], closed);
    built.runTo(atS + 60);
  }
}
const sum = ([a, b]: readonly [number, number]): number => a + b;

it("counts exactly the energy of its net power, whatever the contacts do", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(fc.tuple(fc.constantFrom(...contacts), fc.boolean(), fc.integer({ min: 1, max: 1800 })), {
        minLength: 1,
        maxLength: 8,
      }),
      fc.integer({ min: 0, max: 365 * 86_400 }),
      (seed, moves, shiftS) => {
        const built = house(newHouse({ seed, startMs: startMs + shiftS * 1000 }));
        const { grid, pump } = structuredClone(built.state);
        let importJ = 0;
        let exportJ = 0;
        let pumpJ = 0;
        for (const [contact, closed, seconds] of moves) {
          built.set(contact, closed);
          for (let second = 0; second < seconds; second++) {
            built.runTo(built.state.atS + 1);
            const power = built.power();
            expect(power.net).toBe(power.base + power.ev + power.boiler + power.heatpump - power.solar);
            importJ += Math.max(0, power.net);
            exportJ += Math.max(0, -power.net);
            pumpJ += power.heatpump;
          }
        }
        expect(sum(built.state.grid.importJ) - sum(grid.importJ)).toBe(importJ);
        expect(sum(built.state.grid.exportJ) - sum(grid.exportJ)).toBe(exportJ);
        expect(sum(built.state.pump.importJ) - sum(pump.importJ)).toBe(pumpJ);
      },
    ),
    { numRuns: 25 },
  );
});

it("is the same house for the same seed, also when it stops and goes on from its state", () => {
  const whole = house(newHouse({ seed: 5, startMs }));
  let parts = house(newHouse({ seed: 5, startMs }));
  for (const built of [whole, parts]) for (const contact of contacts) built.set(contact, true);
  whole.runTo(startS + 40_000);
  for (let atS = startS; atS <= startS + 40_000; atS += 1_250) {
    parts.runTo(atS);
    parts = house(JSON.parse(JSON.stringify(parts.state)) as House["state"]);
  }
  expect(parts.state).toEqual(whole.state);
  expect(house(newHouse({ seed: 6, startMs })).state).not.toEqual(house(newHouse({ seed: 5, startMs })).state);
});

it(
  "can keep every wish with eight hours of cheap power a night and a heat pump blocked two hours in four",
  { timeout: 30_000 },
  () => {
    for (let seed = 1; seed <= 6; seed++) {
      const built = house(newHouse({ seed, startMs }));
      follow(built, startS + daysS(3.2), (hour) => ({
        boiler: hour >= 2 && hour < 6,
        ev: hour >= 3.5 && hour < 6,
        heatpump: Math.floor(hour) % 4 >= 2,
      }));
      const constraints = built.constraints();
      expect(constraints.filter(({ name }) => name === "tank-hot")).toHaveLength(3);
      expect(constraints.filter(({ name }) => name === "ev-full")).toHaveLength(3);
      expect(constraints.filter(({ met }) => !met)).toEqual([]);
    }
  },
);

it("breaks every wish when nobody closes a contact", () => {
  const built = house(newHouse({ seed: 1, startMs }));
  built.runTo(startS + daysS(1));
  const names = built.constraints().map(({ name, met }) => [name, met]);
  expect(names).toEqual([
    ["tank-hot", false],
    ["ev-full", false],
    ["room-warm", false],
  ]);
  expect(built.power()).toMatchObject({ ev: 0, boiler: 0, heatpump: 0 });
});

it("says once that a deadline was passed", () => {
  const built = house(newHouse({ seed: 1, startMs }));
  const half7 = Date.parse("2026-01-15T05:30:00Z") / 1000;
  expect(built.runTo(half7 - 1)).toBe(false);
  expect(built.runTo(half7)).toBe(true);
  expect(built.runTo(half7 + 60)).toBe(false);
  expect(built.constraints()[0]).toMatchObject({ name: "tank-hot", atMs: half7 * 1000, limit: 70 });
});

it("charges the car only at home, at 3680 W, and no more than it needs", () => {
  const built = house(newHouse({ seed: 3, startMs: Date.parse("2026-01-14T10:00:00Z") }));
  built.set("ev", true);
  let chargedJ = 0;
  for (let atS = built.state.atS; built.state.atS < atS + daysS(0.8);) {
    built.runTo(built.state.atS + 1);
    const { ev } = built.power();
    const hour = built.local().secondOfDay / 3600;
    if (ev > 0) expect(hour >= 17.6 || hour < 7.5).toBe(true);
    expect(ev).toBeLessThanOrEqual(3680);
    chargedJ += ev;
  }
  expect(chargedJ).toBe(built.state.car.needJ);
  expect(chargedJ / 3600).toBeGreaterThanOrEqual(5000);
  expect(chargedJ / 3600).toBeLessThanOrEqual(9000);
});

it("never heats the tank above its thermostat nor the room above its own", () => {
  const built = house(newHouse({ seed: 2, startMs }));
  for (const contact of contacts) built.set(contact, true);
  for (let minute = 0; minute < 2 * 1440; minute++) {
    built.runTo(built.state.atS + 60);
    expect(built.state.tank.temperatureC).toBeLessThan(78.1);
    expect(built.state.room.temperatureC).toBeLessThan(21.1);
  }
});

it("knows local time through both changes of the clock", () => {
  const localAt = localDays();
  for (const day of ["2026-03-29", "2026-10-25"])
    for (let hour = -3; hour < 27; hour++) {
      const atMs = Date.parse(`${day}T00:00:00Z`) + hour * 3_600_000;
      const there = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(houseZone);
      expect(localAt(atMs / 1000)).toMatchObject({ secondOfDay: there.hour * 3600, weekday: there.dayOfWeek });
    }
});

it.each([
  ["2026-01-14T22:00:00Z", 0],
  ["2026-01-15T05:59:59Z", 0],
  ["2026-01-15T06:00:00Z", 1],
  ["2026-01-17T12:00:00Z", 0],
  ["2026-07-15T21:00:00Z", 0],
  ["2026-07-15T20:59:00Z", 1],
])("counts %s in tariff %i + 1", (at, tariff) => {
  expect(tariffIndex(localDays()(Date.parse(at) / 1000))).toBe(tariff);
});
