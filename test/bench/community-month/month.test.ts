import { expect, it } from "vitest";
import { madeData } from "../../../bench/community-month/made-data.ts";
import { figuresOf } from "../../../bench/community-month/figures.ts";
import { layerTwo, withoutFlexibility } from "../../../bench/community-month/layers.ts";
import { settleMonth } from "../../../bench/community-month/settle-month.ts";
import { street } from "../../../bench/community-month/street.ts";

it(
  "settles what homes together did under a limit: records by their own ledgers, all of them good on chain",
  { timeout: 120_000 },
  async () => {
    const startMs = Date.parse("2026-03-31T22:00:00Z");
    const homes = street(madeData(startMs, 2), { homes: 3, days: 2, minutes: 60, startMs, seed: 2 });
    const chargeAt = (slot: number): number => (slot % 24 >= 17 && slot % 24 < 21 ? 0.08 : 0);
    const free = figuresOf(homes, withoutFlexibility(homes).runs, { limitW: Infinity, chargeAt });
    const limitW = Math.ceil(free.peakKw) * 1000;
    const run = layerTwo(homes, {
      limitW,
      everyHours: 12,
      reserveQuantile: 0.99,
      chargeAt: (slot) => chargeAt(slot) / 1000,
      progress: () => undefined,
    });
    const figures = figuresOf(homes, run.runs, { limitW, chargeAt });
    expect([figures.slotsOver, figures.fuseSlots, run.beyondSlots]).toEqual([0, 0, 0]);
    const micro = (values: readonly number[] = []): string[] => values.map((value) => String(Math.round(value * 1e6)));
    const { reality } = homes[0] ?? expect.fail("no home");
    const ledger = await settleMonth(homes, run.runs, {
      terms: {
        feeder: "street",
        importLimitW: limitW,
        day: [],
        charges: [{ from: "17:00", until: "21:00", perKwh: "80000" }],
        availabilityPerDay: "2000000",
      },
      series: {
        v: 1,
        currency: "EUR",
        start: new Date(startMs).toISOString(),
        stepS: 3600,
        importPerKwh: micro(reality.importPrice),
        exportPerKwh: micro(reality.exportPrice),
      },
      minutes: 60,
      progress: () => undefined,
    });
    expect(ledger).toMatchObject({ beyond: 0, disputes: 0, problems: [], overspentDays: 0, settledPairs: 3 });
    expect(ledger.events).toBeGreaterThan(0);
    expect(ledger.recordsOf["import"]).toBe(6);
    expect(ledger.verified).toBe(ledger.records);
    expect(ledger.rewardedMicro).toBe(ledger.reckonedMicro);
    expect(ledger.energyMicro - ledger.rewardedMicro).toBe(ledger.chainMicro);
    expect(Number(ledger.energyMicro) / 1e6).toBeCloseTo(figures.billEur, 2);
  },
);
