import { expect, it } from "vitest";
import { phasePowers, watchHouse } from "../../agent/house-now.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import type { Reading } from "../../core/reading.ts";

const startMs = Date.parse("2026-01-15T05:30:00Z");
const reading = (change: Partial<Reading> = {}): Reading => ({
  meter: "grid",
  meterId: null,
  receivedMs: startMs,
  meterMs: null,
  clockSynced: true,
  quality: "valid",
  importWh: 10_000,
  exportWh: 0,
  tariffs: {},
  powerW: 900,
  phases: [],
  subMeters: [],
  ...change,
});

function house(peakW: number | null, plannedPeakW = 0) {
  const clock = fakeClock(startMs);
  const site = {
    name: "x",
    timezone: "UTC",
    currency: "EUR",
    slotMinutes: 15,
    phases: 1 as const,
    fuseA: 25,
    maxImportW: 5000,
    maxExportW: null,
    peakW,
    peakPricePerKw: null,
    randomDelayMs: 600_000,
    maxRampWPerMin: 10_000,
  };
  const watch = watchHouse({
    site,
    gridLimitW: () => null,
    seed: new Uint8Array(32),
    plannedPeakW: () => plannedPeakW,
    clock,
  });
  const hear = (change: Partial<Reading>): void => {
    watch.take(reading(change));
  };
  return { clock, watch, hear };
}

it("knows no peak where none is charged for, and none before the counter was read", () => {
  expect(house(null).watch.now().peakW).toBeNull();
  expect(house(2500).watch.now().peakW).toBeNull();
});

it("keeps to the peak itself while the meter does not tell its counter, as between the hourly lists of a HAN port", () => {
  const { watch, hear } = house(2500);
  hear({ importWh: null });
  expect(watch.now().peakW).toBe(2500);
  hear({ importWh: null, demand: { monthPeakW: 4000, months: [] } });
  expect(watch.now().peakW).toBe(4000);
});

it("keeps to the peak that the own plan pays for, where that is above what is paid for already", () => {
  const { watch, hear } = house(2500, 3200);
  hear({ importWh: null });
  expect(watch.now().peakW).toBe(3200);
  expect(watch.paidPeakW()).toBe(2500);
  hear({ importWh: null, demand: { monthPeakW: 4000, months: [] } });
  expect(watch.now().peakW).toBe(4000);
  expect(watch.paidPeakW()).toBe(4000);
  expect(house(null, 3200).watch.paidPeakW()).toBeNull();
});

it("follows the quarter by the counter, and takes a higher peak of the month for paid", async () => {
  const { clock, watch, hear } = house(2500);
  hear({});
  await clock.advance(300_000);
  hear({ importWh: 10_225 });
  expect(watch.now().peakW).toBe(2400);
  hear({ importWh: 10_225, demand: { monthPeakW: 4000, months: [] } });
  expect(watch.now().peakW).toBe(4650);
});

it.each<[string, Pick<Reading, "phases" | "powerW">, number, (number | null)[]]>([
  ["the sum on one phase", { powerW: 900, phases: [] }, 1, [900]],
  [
    "net powers where the meter tells them",
    { powerW: 0, phases: [{ powerW: -500 }, { powerW: 300, currentA: 9 }] },
    3,
    [-500, 300],
  ],
  [
    "currents at their voltage, without a sign as import",
    { powerW: 0, phases: [{ currentA: -4, voltageV: 240 }, { currentA: 2 }, {}] },
    3,
    [960, 460, null],
  ],
  ["nothing where the meter says nothing", { powerW: 900, phases: [] }, 3, []],
])("takes for the power of phases %s", (_, given, count, powers) => expect(phasePowers(given, count)).toEqual(powers));

it("begins a new quarter by the clock, also before its first reading: what the old one left is gone", async () => {
  const { clock, watch, hear } = house(2500);
  hear({});
  await clock.advance(899_000);
  hear({ importWh: 10_025 });
  expect(watch.now().peakW).toBe(36_000);
  await clock.advance(1000);
  expect(watch.now().peakW).toBe(2500);
});

it("goes by the newest power that the meter told, with its age: lists of counters alone say nothing of it", async () => {
  const { clock, watch, hear } = house(null);
  expect(watch.now()).toMatchObject({ importW: null, meterAgeMs: Infinity });
  hear({ powerW: 1234 });
  await clock.advance(10_000);
  hear({ powerW: null, importWh: 10_001 });
  expect(watch.now()).toMatchObject({ importW: 1234, meterAgeMs: 10_000, phaseW: [1234] });
  hear({ powerW: 5 });
  expect(watch.now()).toMatchObject({ importW: 5, meterAgeMs: 0 });
});
