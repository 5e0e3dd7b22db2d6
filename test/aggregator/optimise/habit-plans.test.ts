import fc from "fast-check";
import { expect, it } from "vitest";
import { whenThere } from "../../../aggregator/optimise/home-problem.ts";
import { instructedW } from "../../../aggregator/optimise/resource-modes.ts";
import { storePart } from "../../../aggregator/optimise/store-problem.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import { carDays, openCar } from "../forecast/appliance-days.ts";
import { exampleSeries } from "../../settlement/fixture.ts";
import { boiler, statusOf } from "../plans.ts";
import { midnightMs, quarterMs, scratchStore } from "../rows.ts";
import { elm, feederDesk } from "./feeder-desk.ts";

const hourMs = 3_600_000;
/** Nothing is as cheap as three to six in the afternoon; the hour from seven comes next. */
const series = exampleSeries({
  start: new Date(midnightMs).toISOString(),
  importPerKwh: Array.from({ length: 192 }, (_, quarter) => {
    const hour = Math.floor(quarter / 4) % 24;
    return String(hour >= 15 && hour < 18 ? 50_000 : hour === 19 ? 100_000 : 300_000);
  }),
  exportPerKwh: Array.from({ length: 192 }, () => "0"),
});

/** What the car of a planned home is told, Wh in [from, until) by local hours of the first day. */
async function plannedCar(store: AggregatorStore, energyWh: number, atHour = 0) {
  const errors: unknown[] = [];
  const watch = { worked: () => undefined, planEnded: () => undefined, foretold: (said: unknown) => errors.push(said) };
  const { desk, clock, failures, sent } = await feederDesk([elm(20_000, ["gw-0"])], ["gw-0"], { store, series, watch });
  await store.saveResource("gw-0", openCar(energyWh));
  await clock.advance(atHour * hourMs);
  await desk.planAll();
  expect(failures).toEqual([]);
  const [{ list } = expect.fail()] = await store.plans("gw-0");
  const wh = (from: number, until: number): number =>
    Math.round(
      Array.from({ length: (until - from) * 4 }, (_, at) => midnightMs + from * hourMs + at * quarterMs).reduce(
        (sum, atMs) => sum + (instructedW(openCar(energyWh), list, atMs) ?? 0) / 4,
        0,
      ),
    );
  const reasonAt = (hour: number): string | undefined =>
    list.instructions.find(({ executionTime, validUntil }) => {
      const atMs = midnightMs + hour * hourMs;
      return Date.parse(executionTime) <= atMs && atMs < Date.parse(validUntil);
    })?.reason;
  return { wh, reasonAt, desk, sent, errors };
}

it("plans a car that comes at six in the evening for the time after, though its window begins at three", async () => {
  const { store } = await scratchStore();
  await carDays(store, "gw-0", 10, () => 18);
  const { wh, reasonAt, desk, sent, errors } = await plannedCar(store, 9000);
  expect([wh(15, 18), wh(18, 31)]).toEqual([0, 9000]);
  expect(wh(19, 20)).toBeGreaterThan(7000);
  expect([reasonAt(14), reasonAt(16)]).toEqual(["not needed now", "its car is hardly ever there so early"]);
  // How far that was off is told without a name.
  expect(errors).toEqual([{ loadW: expect.any(Number), pvW: null, heaterW: null, drawW: null, presenceBrier: 0 }]);
  // It says so once: the next plan is the same.
  const before = sent.length;
  await desk.planAll();
  expect(sent.length).toBe(before);
});

it("goes by the window that a home describes while too little is known of its car", async () => {
  const { store } = await scratchStore();
  await carDays(store, "gw-0", 2, () => 18);
  const { wh } = await plannedCar(store, 9000);
  expect([wh(15, 18), wh(18, 31)]).toEqual([9000, 0]);
});

it("takes the whole window where the energy would not fit behind the usual arrival, and where the car is there already", async () => {
  const { store } = await scratchStore();
  await carDays(store, "gw-0", 10, () => 18);
  // Thirteen hours at 7.4 kW are 96 kWh.
  const { wh } = await plannedCar(store, 100_000);
  expect(wh(15, 18)).toBeGreaterThan(20_000);
  const { store: other } = await scratchStore();
  await carDays(other, "gw-0", 10, () => 18);
  await other.saveStatus("gw-0", statusOf("charger", 1000));
  const early = await plannedCar(other, 9000, 15.25);
  expect([early.wh(15, 18), early.wh(18, 31)]).toEqual([8000, 0]);
});

it("never makes a window too short for what is wanted in it, whatever is known of its car", () => {
  const slotCount = 40;
  const slots = Array.from({ length: slotCount }, (_, at) => ({
    startMs: midnightMs + at * quarterMs,
    endMs: midnightMs + (at + 1) * quarterMs,
    microPerKwh: 0n,
  }));
  const anyCase = fc.record({
    span: fc.tuple(fc.nat(slotCount - 1), fc.nat(slotCount - 1)),
    missingWh: fc.integer({ min: 0, max: 80_000 }),
    present: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: slotCount, maxLength: slotCount }),
    roomW: fc.array(fc.integer({ min: 0, max: 12_000 }), { minLength: slotCount, maxLength: slotCount }),
  });
  fc.assert(
    fc.property(anyCase, ({ span, missingWh, present, roomW }) => {
      const [open, end] = [Math.min(...span), Math.max(...span) + 1];
      const from = whenThere({ open, end, missingWh, powerW: 7400 }, { slots, present, roomW });
      expect(from).toBeGreaterThanOrEqual(open);
      expect(from).toBeLessThan(end);
      if (from === open) return;
      const fits = roomW.slice(from, end).reduce((sum, watts) => sum + Math.min(7400, watts) / 4, 0);
      expect(fits).toBeGreaterThanOrEqual(missingWh);
      // Only what is before it is left out, and there it hardly ever is.
      for (const share of present.slice(open, from)) expect(share).toBeLessThan(0.1);
    }),
  );
});

it("plans a tank by the water that people were seen to take, where its home foretells none", () => {
  const slots = [0, 1].map((at) => ({
    startMs: midnightMs + at * quarterMs,
    endMs: midnightMs + (at + 1) * quarterMs,
    microPerKwh: 0n,
  }));
  const tank = (values?: number[]) => ({
    ...boiler,
    storage: {
      kind: "tank" as const,
      whPerK: 200,
      fillLevelRange: { from: 45, to: 60 },
      leakage: { wPerK: 2, ambientC: 20 },
      ...(values && { usage: { start: new Date(midnightMs).toISOString(), stepS: 900, values } }),
    },
  });
  const drawn = (values: number[] | undefined, drawW: number[] | null) =>
    storePart(tank(values), slots, { fill: 50, agreed: [true, true], meanPrice: 0.3, stands: {}, drawW }).appliance;
  expect(drawn(undefined, [400, 800])).toMatchObject({ draw_wh: [100, 200] });
  // It has no history of its own yet.
  expect(drawn([0, 0], [400, 800])).toMatchObject({ draw_wh: [100, 200] });
  expect(drawn([30, 40], [400, 800])).toMatchObject({ draw_wh: [30, 40] });
  expect(drawn(undefined, null)).toMatchObject({ draw_wh: [0, 0] });
});
