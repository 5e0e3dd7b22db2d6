import type { PastSlot } from "../../planner/base-load.ts";
import { drawForecast } from "../../planner/draw-forecast.ts";
import { pvForecast } from "../../planner/pv-forecast.ts";
import { knownUntil, priceOutlook } from "./known-prices.ts";
import type { Session, SlotSeries } from "./simulate.ts";
import { copAt, partOf, type Trial } from "./trial.ts";

/** What a planner goes by, one entry a slot from now on. */
export interface Outlook extends SlotSeries {
  /** Stays that are known, by their number. */
  sessions: { index: number; session: Session }[];
}

/** The zone of the trials' clocks. */
export const clockZone = "Europe/Berlin";
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** What really comes, as nobody can know it. */
export function trueOutlook(trial: Trial, slot: number, count: number): Outlook {
  const { all, before, sessions } = trial;
  return {
    ...partOf(all, before + slot, count),
    sessions: sessions.flatMap((session, index) =>
      session.until > slot && session.from < slot + count ? [{ index, session }] : [],
    ),
  };
}

/**
 * What a gateway knows at the start of a slot: day-ahead prices once they are out, the stay of a car that is plugged in (its
 * driver says when it leaves and what it needs), and forecasts made from what it metered until then.
 */
export function causalOutlook(trial: Trial): (slot: number, count: number) => Outlook {
  const { all, before, slotMs, startMs, sessions } = trial;
  const firstMs = startMs - before * slotMs;
  const perDay = Math.round(dayMs / slotMs);
  const past = (values: readonly number[], until: number): PastSlot[] =>
    values.slice(0, before + until).map((wh, index) => ({ startMs: firstMs + index * slotMs, wh }));
  const ahead = (slot: number, count: number): { startMs: number; endMs: number }[] =>
    Array.from({ length: count }, (_, index) => ({
      startMs: startMs + (slot + index) * slotMs,
      endMs: startMs + (slot + index + 1) * slotMs,
    }));
  const habits = dailyForecasts(trial, past, ahead);
  return (slot, count) => {
    const now = before + slot;
    const known = Math.min(count, Math.round((knownUntil(startMs + slot * slotMs, clockZone) - startMs) / slotMs) - slot);
    const prices = (values: readonly number[]): number[] => {
      const told = values.slice(0, now + known);
      return [...told.slice(now), ...priceOutlook(told, perDay, count - known)];
    };
    const { baseWh, drawWh } = habits(slot, count);
    const pvPast = past(all.pvWh, slot).slice(-14 * perDay);
    const outdoorC = outdoors(all.outdoorC.slice(0, now), perDay, count);
    return {
      importPrice: prices(all.importPrice),
      exportPrice: prices(all.exportPrice),
      baseWh,
      pvWh: pvForecast(pvPast, ahead(slot, count)).watts.map((watts) => watts * all.hours),
      drawWh,
      outdoorC,
      cop: outdoorC.map(copAt),
      sessions: sessions.flatMap((session, index) => (slot >= session.from && slot < session.until ? [{ index, session }] : [])),
    };
  };
}

/** Base load and hot water, made anew at each midnight; what the last hour drew besides fades within a few. */
function dailyForecasts(
  { all, before, slotMs }: Trial,
  past: (values: readonly number[], until: number) => PastSlot[],
  ahead: (slot: number, count: number) => { startMs: number; endMs: number }[],
): (slot: number, count: number) => { baseWh: number[]; drawWh: number[] } {
  const perDay = Math.round(dayMs / slotMs);
  const lastHour = Math.max(1, Math.round(hourMs / slotMs));
  let made: { from: number; baseWh: number[]; drawWh: number[] } | undefined;
  return (slot, count) => {
    const from = Math.floor(slot / perDay) * perDay;
    if (made?.from !== from) {
      const slots = ahead(from, 3 * perDay);
      const habit = (values: readonly number[]): number[] => drawForecast(past(values, from), slots, { zone: clockZone }).wh;
      // Base loads by their mean as hot water is: a median leaves the peaks out, and the battery is then empty too early.
      made = { from, baseWh: habit(all.baseWh), drawWh: habit(all.drawWh) };
    }
    const { baseWh, drawWh } = made;
    const offset = slot - from;
    let besides = 0;
    for (let back = 1; back <= lastHour; back += 1)
      besides += (all.baseWh[before + slot - back] ?? 0) - (baseWh[Math.max(0, offset - back)] ?? 0);
    besides /= lastHour;
    return {
      baseWh: baseWh
        .slice(offset, offset + count)
        .map((wh, index) => Math.max(0, wh + 0.6 * besides * 0.5 ** ((index * slotMs) / (2 * hourMs)))),
      drawWh: drawWh.slice(offset, offset + count),
    };
  };
}

/** Yesterday's temperatures, by what now differs from yesterday, which fades within a day. */
function outdoors(past: readonly number[], perDay: number, count: number): number[] {
  const now = past.length - 1;
  const differs = (past[now] ?? 0) - (past[now - perDay] ?? 0);
  return Array.from(
    { length: count },
    (_, ahead) => (past[now + 1 + (ahead % perDay) - perDay] ?? 0) + differs * 0.5 ** (ahead / (perDay / 2)),
  );
}
