import { nextLocalTime, startOfLocalDay } from "../../core/slots.ts";
import type { Publishing } from "./market-prices.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Within an hour and a half of the local noon of any day, however long that day and the one before are. */
const intoNextDayMs = 36 * hourMs;

/** Up to where prices should be known at an instant: to the end of today, from the time of publication on of tomorrow. */
export function expectedUntil(publishes: Publishing, nowMs: number): number {
  if ("everyMs" in publishes) return nowMs;
  const { time, zone } = publishes;
  const todayMs = startOfLocalDay(nowMs, zone);
  const tomorrowMs = startOfLocalDay(todayMs + intoNextDayMs, zone);
  const isPublished = nowMs >= nextLocalTime(time, zone, todayMs - 1);
  return isPublished ? startOfLocalDay(tomorrowMs + intoNextDayMs, zone) : tomorrowMs;
}

/** How the fetching stands. */
export interface FetchState {
  /** Rounds in a row that failed, or after which prices that are due were still missing. */
  inVain: number;
  failed: boolean;
  /** Where the newest price ends; null without one. */
  knownUntilMs: number | null;
}

/**
 * How long to wait before the next fetch: after a failure from a minute on, while due prices are missing from five minutes on,
 * doubling to an hour, each a quarter more or less; else until the next publication and up to ten minutes more.
 * @param random from 0 to 1
 */
export function nextFetchMs(
  publishes: Publishing,
  { inVain, failed, knownUntilMs }: FetchState,
  nowMs: number,
  random: number,
): number {
  const jittered = (ms: number): number => Math.round(ms * (0.75 + random / 2));
  const isMissing = (knownUntilMs ?? 0) < expectedUntil(publishes, nowMs);
  if (failed || isMissing) {
    const firstMs = failed ? minuteMs : 5 * minuteMs;
    const mostMs = "everyMs" in publishes ? Math.min(publishes.everyMs, hourMs) : hourMs;
    return jittered(Math.min(firstMs * 2 ** Math.min(Math.max(inVain - 1, 0), 10), mostMs));
  }
  if ("everyMs" in publishes) return jittered(publishes.everyMs);
  return nextLocalTime(publishes.time, publishes.zone, nowMs) - nowMs + Math.round(random * 10 * minuteMs);
}
