import { errorCode, errorMessage } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import type { Rejections } from "../core/rejections.ts";
import type { Sensor } from "../drivers/appliance/sensor.ts";
import { windowAt, type DemandWindow } from "../planner/demand-window.ts";
import type { ApplianceConfig } from "./config/appliance-config.ts";
import type { GivenWh } from "./given-energy.ts";
import { authorityRank, type Intent } from "./plan/intent.ts";
import { deadlineNeed, oldSensorMs, temperatureNeed, type Comfort } from "./plan/needs.ts";

/** What people and pipes need, whatever prices and plans say. */
export interface ComfortWatch {
  /** By resource; asked at each pass of control. */
  needs(): ReadonlyMap<string, Intent>;
  /** Newest temperature of a sensor, °C, with its age; undefined before the first. */
  temperature(sensor: string): { temperatureC: number; ageMs: number } | undefined;
  /** State of charge of an appliance that was asked for it, percent; undefined while it does not say. */
  percent(resource: string): number | undefined;
  /** How full its storage is: percent of a battery, °C of a tank or a room; undefined while nobody knows. */
  fill(resource: string): { value: number; ageMs: number } | undefined;
  /** Batteries that may give nothing more by a plan, with why: at the reserve, or nobody knows how full they are. */
  spent(): ReadonlyMap<string, string>;
  /** Energy that is missing in the demand window under way, Wh; undefined where there is none. */
  missingWh(resource: string): number | undefined;
}

const pollMs = 30_000;
/** Between windows the next one may begin at any minute. */
const recheckMs = 60_000;

/** Reads the sensors and watches deadlines. */
export function watchComfort(options: {
  appliances: readonly ApplianceConfig[];
  sensors: readonly Sensor[];
  /** State of charge of an appliance that tells it, percent. */
  stateOfCharge: (resource: string) => Promise<number | null>;
  zone: string;
  givenWh: GivenWh;
  clock: Clock;
  rejections: Rejections;
  signal: AbortSignal;
}): ComfortWatch {
  const { clock, rejections } = options;
  const newest = new Map<string, { temperatureC: number; atMs: number }>();
  const held = new Map<string, Comfort["held"]>();
  const charged = new Map<string, { percent: number; atMs: number }>();
  const aimed = options.appliances.filter(({ targetSoc, reservePercent }) => targetSoc !== null || reservePercent !== null);
  const read = async (): Promise<void> => {
    for (const { name } of aimed) {
      const percent = await options.stateOfCharge(name).catch(() => null);
      if (percent === null) charged.delete(name);
      else charged.set(name, { percent, atMs: clock.monotonicMs() });
    }
    for (const sensor of options.sensors)
      await sensor
        .read()
        .then((temperatureC) => newest.set(sensor.name, { temperatureC, atMs: clock.monotonicMs() }))
        .catch((error: unknown) => rejections.note(errorCode(error), sensor.name, errorMessage(error)));
  };
  if (options.sensors.length > 0 || aimed.length > 0) {
    clock.after(0, read, options.signal);
    clock.every(pollMs, read, options.signal);
  }
  const temperature: ComfortWatch["temperature"] = (sensor) => {
    const found = newest.get(sensor);
    return found && { temperatureC: found.temperatureC, ageMs: clock.monotonicMs() - found.atMs };
  };
  /** By the state of charge where it is told, else by what was drawn in the window. */
  const missingWh = (appliance: ApplianceConfig, energyWh: number, fromMs: number): number => {
    const percent = charged.get(appliance.name)?.percent;
    if (appliance.targetSoc && percent !== undefined)
      return ((appliance.targetSoc.percent - percent) / 100) * appliance.targetSoc.batteryWh;
    return energyWh - options.givenWh(appliance, fromMs, clock.now());
  };
  const fillOf: ComfortWatch["fill"] = (resource) => {
    const appliance = options.appliances.find(({ name }) => name === resource);
    if (appliance?.model?.kind === "tank" || appliance?.model?.kind === "room") {
      const found = appliance.temperature ? temperature(appliance.temperature.sensor) : undefined;
      return found && { value: found.temperatureC, ageMs: found.ageMs };
    }
    const found = appliance?.reservePercent == null ? undefined : charged.get(resource);
    return found && { value: found.percent, ageMs: clock.monotonicMs() - found.atMs };
  };
  const windows = new Map<string, { window: DemandWindow | undefined; untilMs: number }>();
  /** Local times are dear to work out, and a window stays the same until its end. */
  const windowOf = ({ name, demand }: ApplianceConfig, nowMs: number): DemandWindow | undefined => {
    const kept = windows.get(name);
    if (kept && nowMs < kept.untilMs && nowMs >= (kept.window?.fromMs ?? kept.untilMs - recheckMs)) return kept.window;
    const window = demand?.kind === "energy" ? windowAt(demand, options.zone, nowMs) : undefined;
    windows.set(name, { window, untilMs: window?.readyMs ?? nowMs + recheckMs });
    return window;
  };
  /** Deadlines for which the latest safe start has come. */
  const begunFor = new Map<string, number>();
  const deadlineOf = (appliance: (typeof planned)[number]): Intent | undefined => {
    const { demand } = appliance;
    const nowMs = clock.now();
    // A tank is ready when it is warm, whatever it was given.
    if (isWatched(appliance)) return undefined;
    const window = windowOf(appliance, nowMs);
    if (demand?.kind !== "energy" || !window) return undefined;
    const { readyMs, fromMs } = window;
    const hasBegun = begunFor.get(appliance.name) === readyMs;
    // Most of the day there is time enough for all of it, and nobody need know what was drawn.
    const mostWh = Math.max(demand.energyWh, appliance.targetSoc?.batteryWh ?? 0);
    if (!deadlineNeed(appliance, { missingWh: mostWh, readyMs }, nowMs, hasBegun)) return undefined;
    const need = { missingWh: missingWh(appliance, demand.energyWh, fromMs), readyMs };
    const start = deadlineNeed(appliance, need, nowMs, hasBegun);
    if (start) begunFor.set(appliance.name, readyMs);
    return start;
  };
  const isWatched = ({ model, temperature: measured }: ApplianceConfig): boolean => {
    if ((model?.kind !== "tank" && model?.kind !== "room") || !measured) return false;
    const found = temperature(measured.sensor);
    return found !== undefined && found.ageMs <= oldSensorMs;
  };
  const planned = options.appliances.map((appliance) => ({ ...appliance, resource: appliance.name }));
  return {
    needs() {
      const needs = planned.flatMap((appliance): [string, Intent][] => {
        const warmth = appliance.temperature ? temperatureOf(appliance.temperature, appliance) : undefined;
        const wins = higher(deadlineOf(appliance), warmth);
        return wins ? [[appliance.name, wins]] : [];
      });
      return new Map(needs);
    },
    temperature,
    percent: (resource) => charged.get(resource)?.percent,
    fill: fillOf,
    spent() {
      const found = new Map<string, string>();
      for (const { name, reservePercent } of options.appliances) {
        if (reservePercent === null) continue;
        const fill = fillOf(name);
        if (!fill || fill.ageMs > oldSensorMs) found.set(name, "state of charge not known, gives nothing");
        else if (fill.value <= reservePercent) found.set(name, `at its reserve of ${reservePercent} %`);
      }
      return found;
    },
    missingWh(resource) {
      const appliance = planned.find(({ name }) => name === resource);
      const window = appliance && windowOf(appliance, clock.now());
      if (appliance?.demand?.kind !== "energy" || !window || clock.now() < window.fromMs) return undefined;
      return missingWh(appliance, appliance.demand.energyWh, window.fromMs);
    },
  };

  function temperatureOf(
    { sensor, band }: NonNullable<ApplianceConfig["temperature"]>,
    appliance: (typeof planned)[number],
  ): Intent | undefined {
    const comfort = temperatureNeed(appliance, band, temperature(sensor), held.get(appliance.name) ?? null);
    held.set(appliance.name, comfort.held);
    return comfort.intent;
  }
}

/** Of equals the second: a tank that is too hot needs no more energy, whatever its deadline says. */
function higher(one: Intent | undefined, other: Intent | undefined): Intent | undefined {
  if (!one || !other) return one ?? other;
  return authorityRank(one.authority) > authorityRank(other.authority) ? one : other;
}
