import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ApplianceSlot } from "../../../agent/savings/close-baselines.ts";
import { savingsLines, sumOfLines, type SavingsSlot } from "../../../agent/savings/savings-ledger.ts";
import { savingsStatement } from "../../../agent/savings/savings-statement.ts";
import { slotsOfLocalDay } from "../../../core/slots.ts";

const zone = "Europe/Amsterdam";
const startMs = Date.parse("2026-11-01T23:00:00Z");
const lengthMs = 900_000;
const dayMs = 96 * lengthMs;
const period = { fromMs: startMs, toMs: startMs + dayMs, zone };

function slotOf(at: number, change: Partial<SavingsSlot> = {}, moved: Partial<ApplianceSlot> | null = null): SavingsSlot {
  const span = { startMs: startMs + at * lengthMs, endMs: startMs + (at + 1) * lengthMs };
  const one: ApplianceSlot = {
    ...span,
    resource: "car",
    actualWh: 0,
    held: true,
    fillWh: null,
    baselineWh: 0,
    spanMs: startMs,
    state: "final",
    ...moved,
  };
  return {
    ...span,
    importMicro: 300_000n,
    exportMicro: 100_000n,
    pricedBy: "published",
    importWh: 500,
    exportWh: 0,
    pvWh: null,
    estimated: false,
    appliances: moved ? [one] : [],
    ...change,
  };
}
const day = (...changed: SavingsSlot[]): SavingsSlot[] =>
  Array.from({ length: 96 }, (_, at) => changed.find((slot) => slot.startMs === startMs + at * lengthMs) ?? slotOf(at));
/** 2 kWh that by itself would have run in slot 80 and ran in slot 20, at prices of their own. */
const move = (evening: Partial<SavingsSlot> = {}, night: Partial<SavingsSlot> = {}): SavingsSlot[] =>
  day(slotOf(80, evening, { baselineWh: 2000 }), slotOf(20, { importWh: 2500, ...night }, { actualWh: 2000 }));

const price = fc.bigInt({ min: -500_000n, max: 1_000_000n });
const energies = fc.array(fc.tuple(fc.nat(5000), fc.nat(5000), fc.nat(3000), price, price), { minLength: 1, maxLength: 96 });

it("gives exactly 0 for identical behaviour, whatever prices and energies", () => {
  fc.assert(
    fc.property(energies, (figures) => {
      const slots = figures.map(([importWh, exportWh, wh, importMicro, exportMicro], at) =>
        slotOf(at, { importWh, exportWh, importMicro, exportMicro }, { actualWh: wh, baselineWh: wh }),
      );
      const lines = savingsLines(slots, [], period);
      expect(lines.every(({ shiftingMicro, missing }) => shiftingMicro === 0n && missing === null)).toBe(true);
      expect(savingsStatement(lines, period)).toMatchObject({ shiftingMicro: 0n, totalMicro: 0n, lossDays: [] });
    }),
  );
});

it("has totals that are the sums of its lines, whatever order the slots come in, and whole days that sum to the month", () => {
  fc.assert(
    fc.property(energies, fc.infiniteStream(fc.nat()), (figures, keys) => {
      const drawn = figures.map(([, , wh]) => wh);
      const slots = figures.map(([importWh, exportWh, wh, importMicro, exportMicro], at) =>
        slotOf(at * 5, { importWh, exportWh, importMicro, exportMicro }, { actualWh: wh, baselineWh: drawn.at(-1 - at) ?? 0 }),
      );
      const long = { ...period, toMs: startMs + 5 * dayMs };
      const lines = savingsLines(slots, [], long);
      const mixed = slots
        .map((slot) => ({ slot, key: keys.next().value }))
        .toSorted((a, b) => a.key - b.key)
        .map(({ slot }) => slot);
      expect(savingsLines(mixed, [], long)).toEqual(lines);
      const { shiftingMicro } = sumOfLines(lines);
      expect(shiftingMicro).toBe(lines.reduce((sum, line) => sum + line.baselineMicro - line.actualMicro, 0n));
      const days = [0, 1, 2, 3, 4].map((one) => ({ fromMs: startMs + one * dayMs, toMs: startMs + (one + 1) * dayMs, zone }));
      const byDay = days.map((one) => sumOfLines(savingsLines(slots, [], one)).shiftingMicro);
      expect(byDay.reduce((sum, micro) => sum + micro, 0n)).toBe(shiftingMicro);
    }),
  );
});

it("prices what was moved in the house's net, import or export by its sign", () => {
  const lines = savingsLines(move({}, { importWh: 500, exportWh: 2000 }), [], period);
  const at = (slot: number) => lines.find((line) => line.startMs === startMs + slot * lengthMs);
  // By itself 3.5 kWh would have been exported at noon, 2.5 kWh bought in the evening.
  expect(at(20)).toMatchObject({ baselineMicro: -350_000n, actualMicro: -150_000n, shiftingMicro: -200_000n });
  expect(at(20)?.reason).toBe("runs here instead of at another time");
  expect(at(80)).toMatchObject({ baselineMicro: 750_000n, actualMicro: 150_000n, shiftingMicro: 600_000n, reason: null });
  expect(sumOfLines(lines).shiftingMicro).toBe(400_000n);
});

it("shows a loss with its reason", () => {
  const lines = savingsLines(move({ importMicro: 100_000n }), [], period);
  const { shiftingMicro, lossDays } = savingsStatement(lines, period);
  expect(shiftingMicro).toBe(-400_000n);
  expect(lossDays).toEqual([
    { startMs, shiftingMicro: -400_000n, reason: expect.stringContaining("stood above the price") as string },
  ]);
  const pattern = savingsLines(move({ importMicro: 100_000n, pricedBy: "pattern" }), [], period);
  expect(savingsStatement(pattern, period).lossDays[0]?.reason).toContain("not published");
});

it("keeps flexibility payments, fees and own solar apart from shifting", () => {
  const payments = [
    { kind: "reward", startMs, endMs: startMs + dayMs, amountMicro: 250_000n },
    { kind: "reward", startMs: startMs - dayMs, endMs: startMs, amountMicro: 9n },
    { kind: "fee", startMs, endMs: startMs + dayMs, amountMicro: 40_000n },
  ] as const;
  const sunny = day(slotOf(48, { importWh: 0, exportWh: 600, pvWh: 1000 }));
  const lines = savingsLines(sunny, payments, period);
  expect(savingsStatement(lines, period)).toMatchObject({
    shiftingMicro: 0n,
    flexibilityMicro: 250_000n,
    feesMicro: 40_000n,
    ownSolarMicro: 80_000n,
    totalMicro: 210_000n,
    solarMeasured: true,
  });
});

describe("coverage", () => {
  it("is whole on a day of 100 quarters", () => {
    const slots = slotsOfLocalDay("2026-10-25", zone, 15).map((slot) => ({ ...slotOf(0), ...slot }));
    expect(slots).toHaveLength(100);
    const [fromMs, toMs] = [slots[0]?.startMs ?? 0, slots.at(-1)?.endMs ?? 0];
    const one = { fromMs, toMs, zone };
    expect(savingsStatement(savingsLines(slots, [], one), one)).toMatchObject({ coveragePercent: 100, isEstimate: false });
  });

  it("falls with every gap, by what is missing, and below 95 % it is an estimate", () => {
    const slots = day(slotOf(1, { importWh: null }), slotOf(2, { importMicro: null }), slotOf(3, {}, { state: "unknown" }));
    const lines = savingsLines(slots.slice(0, -2), [], period);
    expect(savingsStatement(lines, period)).toMatchObject({
      coveragePercent: 94.7,
      isEstimate: true,
      missingHours: { meter: 0.25, price: 0.25, appliance: 0.25, slot: 0.5 },
    });
    expect(savingsStatement(savingsLines(slots, [], period), period)).toMatchObject({ coveragePercent: 96.8, isEstimate: false });
  });

  it("lets nothing of a window count where a part of it has no price: half a move is no saving", () => {
    const lines = savingsLines(move({}, { importMicro: null, exportMicro: null }), [], period);
    const statement = savingsStatement(lines, period);
    expect(statement).toMatchObject({ shiftingMicro: 0n, missingHours: { price: 0.25, appliance: 0.25 } });
  });

  it("looks beyond the period for the rest of a window", () => {
    const short = { ...period, toMs: startMs + 50 * lengthMs };
    expect(sumOfLines(savingsLines(move(), [], short)).shiftingMicro).toBe(-600_000n);
    const unseen = move().filter((slot) => slot.startMs < short.toMs);
    expect(sumOfLines(savingsLines(unseen, [], short)).shiftingMicro).toBe(0n);
  });

  it("is an estimate where more than a twentieth was worked out", () => {
    const slots = day(...[1, 2, 3, 4, 5].map((at) => slotOf(at, { estimated: true })));
    expect(savingsStatement(savingsLines(slots, [], period), period)).toMatchObject({ estimatedPercent: 5.2, isEstimate: true });
  });
});

it("values what a battery holds more at the end of the day at the day's mean import price", () => {
  const slots = day(
    slotOf(10, { importWh: 1500 }, { resource: "pack", actualWh: 1000, baselineWh: 0, fillWh: 950 }),
    slotOf(11, { importWh: 0, exportWh: 0 }, { resource: "pack", actualWh: -500, baselineWh: 0, fillWh: -526 }),
  );
  const lines = savingsLines(slots, [], period);
  expect(lines.filter(({ kind }) => kind === "battery")).toEqual([expect.objectContaining({ shiftingMicro: 127_200n })]);
  expect(sumOfLines(lines).shiftingMicro).toBe(-300_000n + 150_000n + 127_200n);
});
