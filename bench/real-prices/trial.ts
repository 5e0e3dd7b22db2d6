import { localClock } from "../../planner/local-clock.ts";
import { seededRandom } from "../plan/generate-home.ts";
import { valueAt } from "../plan/real-data.ts";
import type { Reality, Session, SlotSeries, State, TrialHome } from "./simulate.ts";
import type { HalfHours, TrialData, Zone } from "./trial-data.ts";

/** Days before a trial that its forecasts may look at. */
export const historyDays = 28;
const dayMs = 86_400_000;
const hourMs = 3_600_000;
/** Longest time that a plan looks ahead: what comes is needed so far beyond the end. */
const beyondMs = 3 * dayMs;

/** One home over some days: what it is, what comes, and what came before. Series begin historyDays before `startMs`. */
export interface Trial {
  zone: Zone;
  home: TrialHome;
  startMs: number;
  slotMs: number;
  /** Slots of the trial itself. */
  slots: number;
  /** Slots of history before it, and of what follows it. */
  before: number;
  after: number;
  /** From the first slot of the history on; sessions count slots from the trial's start. */
  all: Omit<Reality, "sessions">;
  /** Sunshine that came, as `all`. */
  sunWm2: number[];
  sessions: Session[];
  start: Omit<State, "carLeftWh">;
}

/** What comes in the trial itself. */
export function realityOf({ all, before, slots, sessions }: Trial): Reality {
  return { hours: all.hours, ...partOf(all, before, slots), sessions };
}

/** So many slots of all series. */
export function partOf(all: SlotSeries, from: number, count: number): SlotSeries {
  const part = (values: readonly number[]): number[] => values.slice(from, from + count);
  return {
    importPrice: part(all.importPrice),
    exportPrice: part(all.exportPrice),
    baseWh: part(all.baseWh),
    pvWh: part(all.pvWh),
    drawWh: part(all.drawWh),
    outdoorC: part(all.outdoorC),
    cop: part(all.cop),
  };
}

/** Heat for each unit of electricity by outdoor temperature. */
export const copAt = (outdoorC: number): number => Math.max(1.8, Math.min(5, 3 + 0.08 * outdoorC));

/** What neighbours have in common: the midnight at which their days begin, and the tariff (fees per kWh, share of the spot price). */
export interface Common {
  startMs: number;
  fees: number;
  share: number;
}

/**
 * Draws a home and its days from the data, the same for all slot lengths.
 * @param options.index which of `options.of` parts of the zone's time
 */
export function drawTrial(
  data: TrialData,
  options: { zone: Zone; seed: number; index: number; of: number; days: number; minutes: number; common?: Common },
): Trial {
  const { zone, seed, index, of, days, minutes } = options;
  const random = seededRandom(seed * 7919 + index * 104_729 + zone.length * 31 + zone.charCodeAt(0));
  const between = (low: number, high: number): number => low + (high - low) * random();
  const slotMs = minutes * 60_000;
  const drawnMs = windowStart(data, index, of, days, random);
  const startMs = options.common?.startMs ?? drawnMs;
  const [fromMs, untilMs] = [startMs - historyDays * dayMs, startMs + days * dayMs + beyondMs];
  const weatherBackMs = yearsAway(data.weather, fromMs, untilMs);
  const load = realLoad(data.homes, random, fromMs, untilMs);
  const [drawnFees, drawnShare, kwp] = [between(0.08, 0.18), between(0.7, 1), random() < 0.7 ? between(3, 10) : 0];
  const { fees, share } = options.common ?? { fees: drawnFees, share: drawnShare };
  const three = random() < 0.5;
  const battery = random() < 0.75 ? between(3000, 13_500) : 0;
  const home: TrialHome = {
    batteryWh: battery,
    batteryMaxW: battery * 0.4,
    batteryEfficiency: 0.95,
    tankWhPerK: between(200, 300) * 1.163,
    tankLossWPerK: between(1.2, 2.5),
    tankW: between(2000, 3000),
    roomWhPerK: between(6000, 16_000),
    roomLossWPerK: between(90, 220),
    roomGainW: 300,
    heatW: between(2500, 4000),
    carMaxW: three ? 11_000 : 7400,
    carMinW: three ? 4200 : 1400,
    carEfficiency: 0.9,
    fuseW: 17_250,
  };
  const slotsIn = (ms: number): number => Math.round(ms / slotMs);
  const times = Array.from({ length: slotsIn(untilMs - fromMs) }, (_, slot) => fromMs + slot * slotMs);
  const hours = minutes / 60;
  const spot = times.map((at) => meanOver(at, slotMs, (ms) => valueAt(data.prices, ms)) / 1000);
  const outdoorC = times.map((at) => meanOver(at, slotMs, (ms) => valueAt(data.temperatureC, ms - weatherBackMs)));
  const sun = times.map((at) => meanOver(at, slotMs, (ms) => valueAt(data.irradianceWm2, ms - weatherBackMs)));
  const drawWh = draws(random, fromMs, untilMs, slotMs);
  const sessions = carSessions(data, random, startMs, days).flatMap(({ fromMs: arrives, untilMs: leaves, wh }): Session[] => {
    const [from, until] = [Math.ceil((arrives - startMs) / slotMs), Math.floor((leaves - startMs) / slotMs)];
    // What does not go in at full power is nobody's saving.
    const most = (until - from) * home.carMaxW * hours * home.carEfficiency * 0.95;
    return most > 0 ? [{ from, until, wh: Math.min(wh, most) }] : [];
  });
  return {
    zone,
    home,
    startMs,
    slotMs,
    slots: slotsIn(days * dayMs),
    before: slotsIn(historyDays * dayMs),
    after: slotsIn(beyondMs),
    all: {
      hours,
      importPrice: spot.map((price) => (price + fees) * 1.19),
      exportPrice: spot.map((price) => price * share),
      baseWh: times.map((at) => meanOver(at, slotMs, load) * hours),
      pvWh: sun.map((ghi) => ghi * kwp * 0.85 * hours),
      drawWh,
      outdoorC,
      cop: outdoorC.map(copAt),
    },
    sunWm2: sun,
    sessions,
    start: { batteryWh: battery * 0.5, tankC: 55, roomC: 20.3 },
  };
}

/** Midnight (winter time) at the start of a window, with history and what follows around it. */
function windowStart({ prices: { startMs } }: TrialData, index: number, of: number, days: number, random: () => number): number {
  const firstMs = (startMs[0] ?? 0) + (historyDays + 2) * dayMs;
  const lastMs = (startMs.at(-1) ?? 0) - days * dayMs - beyondMs - dayMs;
  const at = firstMs + ((index + 0.2 + 0.6 * random()) / of) * (lastMs - firstMs);
  return Math.floor(at / dayMs) * dayMs - hourMs;
}

/** How far back the weather lies: none where there is weather of these days, else that of the same season. */
function yearsAway(weather: TrialData["weather"], fromMs: number, untilMs: number): number {
  const away = [0, 1, -1, 2, -2].map((years) => years * 364 * dayMs);
  const found = away.find((ms) => fromMs - ms >= weather.fromMs && untilMs - ms <= weather.untilMs);
  if (found === undefined) throw new Error("no weather of this season in the data");
  return found;
}

/** The mean over a slot, looked at every five minutes. */
function meanOver(atMs: number, slotMs: number, of: (ms: number) => number): number {
  const stepMs = 300_000;
  const steps = Math.round(slotMs / stepMs);
  let sum = 0;
  for (let step = 0; step < steps; step += 1) sum += of(atMs + step * stepMs);
  return sum / steps;
}

/** A real home's load half a year away (its seasons are those of the south), on the same days of the week. */
function realLoad(homes: readonly HalfHours[], random: () => number, fromMs: number, untilMs: number): (ms: number) => number {
  const weekMs = 7 * dayMs;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const home = homes[Math.floor(random() * homes.length)];
    if (!home) break;
    const lastMs = home.firstMs + home.watts.length * 1_800_000;
    let backMs = 26 * weekMs;
    while (untilMs - backMs > lastMs) backMs += 52 * weekMs;
    // Its stamps are local times, an hour ahead of UTC here.
    const at = (ms: number): number => home.watts[Math.floor((ms + hourMs - backMs - home.firstMs) / 1_800_000)] ?? Number.NaN;
    let [known, seen] = [0, 0];
    for (let ms = fromMs; ms < untilMs; ms += 1_800_000) {
      seen += 1;
      if (Number.isFinite(at(ms))) known += 1;
    }
    if (known < seen * 0.99) continue;
    return (ms) => {
      for (const offset of [0, -dayMs, -weekMs, weekMs]) {
        const watts = at(ms + offset);
        if (Number.isFinite(watts)) return watts;
      }
      return 200;
    };
  }
  throw new Error("no home of the load data covers this time");
}

/** Six times a day somebody takes hot water, mornings and evenings, by their own habit. */
function draws(random: () => number, fromMs: number, untilMs: number, slotMs: number): number[] {
  const wh = Array.from({ length: Math.round((untilMs - fromMs) / slotMs) }, () => 0);
  const [morning, evening] = [6 + random() * 1.5, 18.5 + random() * 2];
  for (let dayStart = fromMs; dayStart < untilMs; dayStart += dayMs)
    for (let shower = 0; shower < 6; shower += 1) {
      const hour = (random() < 0.55 ? morning : evening) + random() * 1.5;
      const size = 400 + 700 * random();
      const slot = Math.floor((dayStart + hour * hourMs - fromMs) / slotMs);
      if (slot < wh.length) wh[slot] = (wh[slot] ?? 0) + size;
    }
  return wh;
}

/** Stays of a car at home: about two of three days, arrival, stay and energy by the Dutch figures. None crosses the end. */
function carSessions(
  { ev }: TrialData,
  random: () => number,
  startMs: number,
  days: number,
): { fromMs: number; untilMs: number; wh: number }[] {
  const clock = localClock("Europe/Amsterdam");
  const endMs = startMs + days * dayMs;
  const sessions: { fromMs: number; untilMs: number; wh: number }[] = [];
  let freeMs = startMs;
  for (let day = 0; day < days; day += 1) {
    const [comes, quarterDraw, minutes, stayDraw, energyDraw] = [random(), random(), random(), random(), random()];
    if (comes > 0.7) continue;
    const shares = clock(startMs + (day + 0.5) * dayMs).weekend ? ev.arrivals.weekend : ev.arrivals.workday;
    const quarter = pick(shares, quarterDraw);
    const fromMs = startMs + day * dayMs + quarter * 900_000 + minutes * 900_000;
    const half = Math.floor(quarter / 2);
    const untilMs = fromMs + (ev.stayH[half] ?? 8) * (0.6 + 0.8 * stayDraw) * hourMs;
    // The spread of all sessions around the mean of this arrival time.
    const all = ev.energyQuantiles.slice(1);
    const mean = all.reduce((sum, kWh) => sum + kWh, 0) / all.length;
    const kWh = ((all[Math.floor(energyDraw * all.length)] ?? mean) / mean) * (ev.energyKwh[half] ?? mean);
    if (fromMs < freeMs || untilMs > endMs || kWh < 1) continue;
    sessions.push({ fromMs, untilMs, wh: Math.min(60, kWh) * 1000 });
    freeMs = untilMs + hourMs;
  }
  return sessions;
}

function pick(weights: readonly number[], draw: number): number {
  let left = draw * weights.reduce((sum, one) => sum + one, 0);
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left <= 0) return index;
  }
  return weights.length - 1;
}
