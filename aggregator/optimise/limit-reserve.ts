import type { Feeder } from "../../planner/community/board.ts";

/** What is left free under feeders' limits for what no forecast has: as much as plans of them were short of it before. */
export interface LimitReserve {
  /** In a slot the homes of a feeder took so much more (below 0: less) than the newest plan before it said, W. */
  note(feeder: string, startMs: number, errorW: number): void;
  /** W; 0 while nothing was measured. */
  reserveW(feeder: string): number;
}

const dayMs = 24 * 3_600_000;
/** Habits change with the seasons. */
const memoryDays = 28;
/** More than this share of a limit is not left free, however wrong forecasts were. */
const mostShare = 0.25;

/** @param quantile this share of the slots needed no more than the reserve; 0: there is none */
export function limitReserve(quantile: number): LimitReserve {
  const errors = new Map<string, { startMs: number; errorW: number }[]>();
  return {
    note(feeder, startMs, errorW) {
      const known = errors.get(feeder) ?? [];
      errors.set(feeder, [...known.filter((one) => one.startMs > startMs - memoryDays * dayMs), { startMs, errorW }]);
    },
    reserveW(feeder) {
      const known = (errors.get(feeder) ?? []).map(({ errorW }) => errorW).toSorted((one, other) => one - other);
      // Of few errors the largest counts.
      return quantile <= 0 ? 0 : Math.max(0, known[Math.ceil(quantile * known.length) - 1] ?? 0);
    },
  };
}

/**
 * A feeder's limit with the reserve taken off, beside the limit itself. For it nobody gives up a wish: what does not fit below it
 * otherwise may use the room up to the limit.
 */
export function reservedFeeder(feeder: Feeder, hours: Float64Array, reserveW: number): Feeder {
  return {
    ...feeder,
    name: `${feeder.name}, reserve`,
    // Where there is none this binds nobody, and keeps its place among the feeders.
    importLimitWh: feeder.importLimitWh.map((limit, slot) =>
      reserveW > 0 ? limit - Math.min(Math.abs(limit) * mostShare, (hours[slot] ?? 0) * reserveW) : Infinity,
    ),
    exportLimitWh: hours.map(() => Infinity),
    soft: true,
  };
}
