import type { TrialData } from "../real-prices/trial-data.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/**
 * Prices, weather, loads and charging habits that are made, for a checkout without the real ones: evenings are dear, noons and
 * nights cheap, the sun shines by day, and no two days are the same.
 */
export function madeData(startMs: number, days: number): TrialData {
  const [fromMs, untilMs] = [startMs - 40 * dayMs, startMs + (days + 10) * dayMs];
  const hours = Math.round((untilMs - fromMs) / hourMs);
  const times = Float64Array.from({ length: hours }, (_, hour) => fromMs + hour * hourMs);
  const series = (of: (ms: number) => number) => ({ startMs: times, values: times.map(of) });
  const hourOf = (ms: number): number => (ms / hourMs) % 24;
  const bump = (ms: number, at: number, width: number): number => Math.exp(-(((hourOf(ms) - at) / width) ** 2));
  const varied = (ms: number): number => 1 + 0.3 * Math.sin(ms / dayMs) + 0.2 * Math.sin((ms / dayMs) * 2.7);
  const firstMs = startMs - 400 * dayMs;
  const homes = Array.from({ length: 10 }, (_, home) => ({
    firstMs,
    watts: Float64Array.from({ length: 48 * 800 }, (__, half) => {
      const ms = firstMs + half * 1_800_000;
      return 150 + 40 * home + (500 + 60 * home) * bump(ms, 7, 1.5) + (700 + 50 * home) * bump(ms, 18, 2) * varied(ms);
    }),
  }));
  const arrivals = Array.from({ length: 96 }, (_, quarter) => 1 + 20 * Math.exp(-(((quarter / 4 - 17) / 3) ** 2)));
  return {
    prices: series((ms) => 60 + varied(ms) * (70 * bump(ms, 18, 2.5) + 50 * bump(ms, 7, 2) - 60 * bump(ms, 12, 3))),
    temperatureC: series((ms) => 8 + 5 * bump(ms, 14, 5) - 2 * varied(ms)),
    irradianceWm2: series((ms) => Math.max(0, 700 * bump(ms, 12, 3.5) * (1.3 - 0.5 * varied(ms)))),
    homes,
    ev: {
      arrivals: { workday: arrivals, weekend: arrivals },
      stayH: Array.from({ length: 48 }, (_, half) => (half > 28 ? 13 : 4)),
      energyKwh: Array.from({ length: 48 }, () => 14),
      energyQuantiles: Array.from({ length: 101 }, (_, percent) => 40 - 0.35 * percent),
    },
    weather: { fromMs, untilMs },
  };
}
