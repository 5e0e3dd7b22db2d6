import { localClock } from "./local-clock.ts";

/** A slot of the past in which somebody could tell whether the car was there. */
export interface SeenSlot {
  startMs: number;
  endMs: number;
  there: boolean;
  /** Nobody saw it, it follows: counts as a habit, but no forecast is judged by it. */
  assumed?: boolean;
}

/** When a car will be there, and how far such forecasts were off. */
export interface PresenceForecast {
  /** Share of such days on which it was there at that time, 0 to 1; `otherwise` where nobody knows. */
  share: number[];
  /**
   * Share of the slots of the last day that is known in which the more likely of the two was wrong, forecast from the days
   * before it; null without two days.
   */
  errorShare: number | null;
  /** Brier score over the same slots: mean of (share - 1 or 0)², 0 best, 0.25 for one half always; null without two days. */
  brier: number | null;
  /** Days of history that it rests on. */
  days: number;
}

const dayMs = 86_400_000;
const minutesADay = 1440;
/** Times of arrival differ: half an hour counts as one time. */
const stepMinutes = 30;
const stepMs = stepMinutes * 60_000;
/** Habits change: older days are left out. */
const recentDays = 28;
/** Days of the other kind (workday, weekend) count little, and only stand in. */
const otherKindWeight = 0.2;

/**
 * The share of the recent days on which the car was there at the same local time; days of the same kind (workday or weekend)
 * count five times. Pure.
 * @param history in any order; slots in which nobody can tell are left out
 * @param options.otherwise share at an instant at whose time of day nobody could tell yet; 1 where it is left out
 */
export function presenceForecast(
  history: readonly SeenSlot[],
  slots: readonly { startMs: number }[],
  { zone, otherwise = () => 1 }: { zone: string; otherwise?: (atMs: number) => number },
): PresenceForecast {
  const newest = history.reduce((latest, { startMs }) => Math.max(latest, startMs), -Infinity);
  const share = model(history, newest, zone);
  const before = history.filter(({ startMs }) => startMs <= newest - dayMs);
  const past = model(before, newest - dayMs, zone);
  const judged = history.filter(({ startMs, assumed }) => startMs > newest - dayMs && !assumed);
  const judgedMs = judged.reduce((sum, slot) => sum + lengthOf(slot), 0);
  const meanOf = (score: (guess: number, there: boolean) => number): number | null => {
    if (before.length === 0 || judgedMs === 0) return null;
    const scored = (slot: SeenSlot): number => score(past(slot.startMs) ?? otherwise(slot.startMs), slot.there) * lengthOf(slot);
    return judged.reduce((sum, slot) => sum + scored(slot), 0) / judgedMs;
  };
  return {
    share: slots.map(({ startMs }) => share(startMs) ?? otherwise(startMs)),
    errorShare: meanOf((guess, there) => (guess >= 0.5 === there ? 0 : 1)),
    brier: meanOf((guess, there) => (guess - (there ? 1 : 0)) ** 2),
    days: new Set(history.map(({ startMs }) => Math.floor(startMs / dayMs))).size,
  };
}

const lengthOf = ({ startMs, endMs }: SeenSlot): number => endMs - startMs;

function model(history: readonly SeenSlot[], newest: number, zone: string): (startMs: number) => number | undefined {
  const timeOf = localClock(zone);
  const seen = new Map<string, { there: number; all: number }>();
  const key = (minute: number, weekend: boolean): string => `${weekend} ${Math.floor((minute % minutesADay) / stepMinutes)}`;
  for (const slot of history) {
    if (slot.startMs <= newest - recentDays * dayMs) continue;
    // A slot counts in each half hour that it reaches into, by its length.
    const parts = Math.max(1, Math.round(lengthOf(slot) / stepMs));
    for (let part = 0; part < parts; part += 1) {
      const { minute, weekend } = timeOf(slot.startMs + part * stepMs);
      const found = seen.get(key(minute, weekend)) ?? { there: 0, all: 0 };
      found.there += slot.there ? lengthOf(slot) / parts : 0;
      found.all += lengthOf(slot) / parts;
      seen.set(key(minute, weekend), found);
    }
  }
  return (startMs) => {
    const { minute, weekend } = timeOf(startMs);
    const [same, other] = [seen.get(key(minute, weekend)), seen.get(key(minute, !weekend))];
    const all = (same?.all ?? 0) + otherKindWeight * (other?.all ?? 0);
    return all === 0 ? undefined : ((same?.there ?? 0) + otherKindWeight * (other?.there ?? 0)) / all;
  };
}
