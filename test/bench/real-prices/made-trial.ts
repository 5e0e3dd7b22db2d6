import type { TrialHome } from "../../../bench/real-prices/simulate.ts";
import type { Trial } from "../../../bench/real-prices/trial.ts";

const hourMs = 3_600_000;

/** A home of middling size. */
export const madeHome: TrialHome = {
  batteryWh: 8000,
  batteryMaxW: 3000,
  batteryEfficiency: 0.95,
  tankWhPerK: 290,
  tankLossWPerK: 2,
  tankW: 2500,
  roomWhPerK: 10_000,
  roomLossWPerK: 150,
  roomGainW: 300,
  heatW: 3000,
  carMaxW: 7400,
  carMinW: 1400,
  carEfficiency: 0.9,
  fuseW: 17_250,
};

/** A home of hours with two weeks of history, two days and what follows; figures repeat themselves without a day's period. */
export function madeTrial(): Trial {
  const [before, slots, after] = [14 * 24, 48, 72];
  const series = (of: (slot: number) => number): number[] =>
    Array.from({ length: before + slots + after }, (_, slot) => of(slot));
  const wave = (slot: number, step: number): number => (1 + Math.sin(slot * step)) / 2;
  const outdoorC = series((slot) => 5 + 8 * wave(slot, 0.21));
  return {
    zone: "BE",
    home: madeHome,
    // Midnight in Berlin.
    startMs: Date.parse("2026-01-14T23:00:00Z"),
    slotMs: hourMs,
    slots,
    before,
    after,
    all: {
      hours: 1,
      importPrice: series((slot) => 0.15 + 0.2 * wave(slot, 0.7)),
      exportPrice: series((slot) => 0.12 * wave(slot, 0.7) - 0.02),
      baseWh: series((slot) => 200 + 900 * wave(slot, 1.3)),
      pvWh: series((slot) => Math.max(0, 5000 * wave(slot, 0.26) - 2500)),
      drawWh: series((slot) => (slot % 11 === 0 ? 900 : 0)),
      outdoorC,
      cop: outdoorC.map(() => 3),
    },
    sunWm2: series((slot) => Math.max(0, 900 * wave(slot, 0.26) - 450)),
    sessions: [
      { from: 17, until: 31, wh: 20_000 },
      { from: 40, until: 46, wh: 9000 },
    ],
    start: { batteryWh: 4000, tankC: 55, roomC: 20.3 },
  };
}
