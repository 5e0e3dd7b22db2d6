import { baseLoadForecast, type PastSlot } from "../../planner/base-load.ts";
import { drawForecast } from "../../planner/draw-forecast.ts";
import { pvForecast } from "../../planner/pv-forecast.ts";
import type { ForetoldWeather } from "./foretold-weather.ts";
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
const dayMs = 86_400_000;

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
 * @param weather where a service foretells it; else sunshine and temperature are guessed from the days before
 */
export function causalOutlook(trial: Trial, weather?: ForetoldWeather): (slot: number, count: number) => Outlook {
  const { all, before, slotMs, startMs, sessions } = trial;
  const firstMs = startMs - before * slotMs;
  const perDay = Math.round(dayMs / slotMs);
  const past = (values: readonly number[], until: number): PastSlot[] =>
    values.slice(0, before + until).map((wh, index) => ({
      startMs: firstMs + index * slotMs,
      endMs: firstMs + (index + 1) * slotMs,
      wh,
    }));
  const ahead = (slot: number, count: number): { startMs: number; endMs: number }[] =>
    Array.from({ length: count }, (_, index) => ({
      startMs: startMs + (slot + index) * slotMs,
      endMs: startMs + (slot + index + 1) * slotMs,
    }));
  const habits = dailyForecasts(trial, past, ahead);
  const foretold = (said: ForetoldWeather, slot: number, count: number) => {
    const coming = said.sunWm2(slot, count);
    const irradianceWm2 = (atMs: number): number | undefined => {
      const at = Math.floor((atMs - startMs) / slotMs);
      return at < slot ? said.sunThenWm2(at) : coming[at - slot];
    };
    return { irradianceWm2 };
  };
  return (slot, count) => {
    const now = before + slot;
    const known = Math.min(count, Math.round((knownUntil(startMs + slot * slotMs, clockZone) - startMs) / slotMs) - slot);
    const prices = (values: readonly number[]): number[] => {
      const told = values.slice(0, now + known);
      return [...told.slice(now), ...priceOutlook(told, perDay, count - known)];
    };
    const { baseWh, drawWh } = habits(slot, count);
    const pvPast = past(all.pvWh, slot).slice(-14 * perDay);
    const outdoorC = weather ? weather.outdoorC(slot, count) : outdoors(all.outdoorC.slice(0, now), perDay, count);
    return {
      importPrice: prices(all.importPrice),
      exportPrice: prices(all.exportPrice),
      baseWh,
      pvWh: pvForecast(pvPast, ahead(slot, count), weather && foretold(weather, slot, count)).watts.map(
        (watts) => watts * all.hours,
      ),
      drawWh,
      outdoorC,
      cop: outdoorC.map(copAt),
      sessions: sessions.flatMap((session, index) => (slot >= session.from && slot < session.until ? [{ index, session }] : [])),
    };
  };
}

/** Base load and hot water, made anew at each midnight. */
function dailyForecasts(
  { all, slotMs }: Trial,
  past: (values: readonly number[], until: number) => PastSlot[],
  ahead: (slot: number, count: number) => { startMs: number; endMs: number }[],
): (slot: number, count: number) => { baseWh: number[]; drawWh: number[] } {
  const perDay = Math.round(dayMs / slotMs);
  let made: { from: number; baseWh: number[]; drawWh: number[] } | undefined;
  return (slot, count) => {
    const from = Math.floor(slot / perDay) * perDay;
    if (made?.from !== from) {
      const slots = ahead(from, 4 * perDay);
      const { watts } = baseLoadForecast(past(all.baseWh, from), slots, { zone: clockZone, otherwiseW: 0 });
      const { wh } = drawForecast(past(all.drawWh, from), slots, { zone: clockZone });
      made = { from, baseWh: watts.map((one) => one * all.hours), drawWh: wh };
    }
    const { baseWh, drawWh } = made;
    const offset = slot - from;
    return { baseWh: baseWh.slice(offset, offset + count), drawWh: drawWh.slice(offset, offset + count) };
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
