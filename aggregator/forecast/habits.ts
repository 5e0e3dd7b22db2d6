import type { Resource } from "../../core/message/resource.ts";
import { slotsBetween } from "../../core/slots.ts";
import { isCar, isHeater } from "../optimise/resource-modes.ts";
import { carForecast, powerForecast } from "./appliance-forecast.ts";
import { appliancePast, type AppliancePastStore } from "./appliance-past.ts";
import { meanOf } from "./appliance-sums.ts";
import type { ForecastSlots } from "./home-forecast.ts";

/** What plans know of an appliance by its history, by slot; null where that says too little. */
export interface Habit {
  /** Share of such days on which a car is there to be charged. */
  presentShare: readonly number[] | null;
  /** Heat that people take from a tank, W on the mean. */
  drawW: readonly number[] | null;
}

/** How far forecasts were off on their last known day, on the mean of all appliances that were read; null where none can tell. */
export interface HabitErrors {
  heaterW: number | null;
  drawW: number | null;
  presenceBrier: number | null;
}

/** Habits of appliances, read once in some hours. */
export interface Habits {
  /** By the names of resources; what is neither a car nor a heater is not there. */
  of(site: string, resources: readonly Resource[], slots: ForecastSlots, nowMs: number): Promise<ReadonlyMap<string, Habit>>;
  errors(): HabitErrors;
}

interface Kept {
  /** What it was made from: a window that changes makes another one. */
  key: string;
  madeMs: number;
  startMs: number;
  presentShare: Float32Array | null;
  drawW: Float32Array | null;
  errors: HabitErrors;
}

const hourMs = 3_600_000;
/** Habits do not change within hours: a forecast is good for so long. */
const freshMs = 6 * hourMs;
const reachMs = 48 * hourMs;
const slotMinutes = 15;
const slotMs = slotMinutes * 60_000;
const slotsADay = 96;

/** What is kept of an appliance is a few hundred figures. */
export function habits(store: AppliancePastStore): Habits {
  const kept = new Map<string, ReadonlyMap<string, Kept>>();
  return {
    async of(site, resources, slots, nowMs) {
      const own = new Map<string, Kept>();
      for (const resource of resources) {
        if (!isCar(resource) && !isHeater(resource)) continue;
        const before = kept.get(site)?.get(resource.resource);
        const isGood = before && before.key === keyOf(resource) && nowMs - before.madeMs <= freshMs && nowMs >= before.madeMs;
        own.set(resource.resource, isGood ? before : await read(store, site, resource, nowMs));
      }
      kept.set(site, own);
      return new Map([...own].map(([name, known]) => [name, habitIn(known, slots)]));
    },
    errors() {
      const all = [...kept.values()].flatMap((own) => [...own.values()].map(({ errors }) => errors));
      return {
        heaterW: meanOf(all.map(({ heaterW }) => heaterW)),
        drawW: meanOf(all.map(({ drawW }) => drawW)),
        presenceBrier: meanOf(all.map(({ presenceBrier }) => presenceBrier)),
      };
    },
  };
}

async function read(store: AppliancePastStore, site: string, resource: Resource, nowMs: number): Promise<Kept> {
  const ahead = slotsBetween(nowMs, nowMs + reachMs, slotMinutes);
  const { timezone: zone } = resource;
  const past = await appliancePast(store, site, resource, nowMs);
  const made = { key: keyOf(resource), madeMs: nowMs, startMs: ahead[0]?.startMs ?? nowMs };
  if (isCar(resource)) {
    const { share, source, brier } = carForecast(resource, past.presence, ahead);
    const presentShare = source === "history" ? Float32Array.from(share) : null;
    return { ...made, presentShare, drawW: null, errors: { heaterW: null, drawW: null, presenceBrier: brier } };
  }
  const [energy, draw] = [powerForecast(past.energy, [], zone, undefined), powerForecast(past.draws, ahead, zone, undefined)];
  const errors = { heaterW: energy?.errorW ?? null, drawW: draw?.errorW ?? null, presenceBrier: null };
  return { ...made, presentShare: null, drawW: draw ? Float32Array.from(draw.meanW) : null, errors };
}

function habitIn({ presentShare, drawW, startMs }: Kept, slots: ForecastSlots): Habit {
  const inSlots = (series: Float32Array): number[] =>
    slots.map((slot) => {
      const at = Math.round((slot.startMs - startMs) / slotMs);
      // Beyond two days it is as the day before.
      return series[at] ?? series[series.length - slotsADay + (at % slotsADay)] ?? 0;
    });
  return { presentShare: presentShare && inSlots(presentShare), drawW: drawW && inSlots(drawW) };
}

/** Without what a home foretells, which is new every hour. */
const keyOf = ({ meter, demand, timezone, operationModes, storage }: Resource): string =>
  JSON.stringify([meter, demand, timezone, operationModes, storage?.kind === "tank" && { ...storage, usage: null }]);
