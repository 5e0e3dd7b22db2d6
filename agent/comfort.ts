import { errorCode, errorMessage } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import type { Rejections } from "../core/rejections.ts";
import type { Sensor } from "../drivers/appliance/sensor.ts";
import { windowAt } from "../planner/demand-window.ts";
import type { ApplianceConfig } from "./config/appliance-config.ts";
import { drawnWh } from "./drawn-energy.ts";
import { authorityRank, type Intent } from "./plan/intent.ts";
import { deadlineNeed, temperatureNeed, type Comfort } from "./plan/needs.ts";
import type { Switching } from "./store/control-store.ts";

/** What people and pipes need, whatever prices and plans say. */
export interface ComfortWatch {
  /** By resource; asked at each pass of control. */
  needs(): ReadonlyMap<string, Intent>;
  /** Newest temperature of a sensor, °C, with its age; undefined before the first. */
  temperature(sensor: string): { temperatureC: number; ageMs: number } | undefined;
}

const pollMs = 30_000;
const dayMs = 24 * 3_600_000;

/** Reads the sensors and watches deadlines. */
export function watchComfort(options: {
  appliances: readonly ApplianceConfig[];
  sensors: readonly Sensor[];
  /** State of charge of an appliance that tells it, percent. */
  stateOfCharge: (resource: string) => Promise<number | null>;
  zone: string;
  switchings: (sinceMs: number) => readonly Switching[];
  clock: Clock;
  rejections: Rejections;
  signal: AbortSignal;
}): ComfortWatch {
  const { clock, rejections } = options;
  const newest = new Map<string, { temperatureC: number; atMs: number }>();
  const held = new Map<string, Comfort["held"]>();
  const charged = new Map<string, number>();
  const aimed = options.appliances.filter(({ targetSoc }) => targetSoc !== null);
  const read = async (): Promise<void> => {
    for (const { name } of aimed) {
      const percent = await options.stateOfCharge(name).catch(() => null);
      if (percent === null) charged.delete(name);
      else charged.set(name, percent);
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
    const percent = charged.get(appliance.name);
    if (appliance.targetSoc && percent !== undefined)
      return ((appliance.targetSoc.percent - percent) / 100) * appliance.targetSoc.batteryWh;
    return energyWh - drawnWh(appliance, options.switchings(clock.now() - dayMs), fromMs, clock.now());
  };
  const planned = options.appliances.map((appliance) => ({ ...appliance, resource: appliance.name }));
  return {
    needs() {
      const nowMs = clock.now();
      const found = planned.flatMap((appliance): [string, Intent][] => {
        const { name, demand } = appliance;
        const window = demand?.kind === "energy" ? windowAt(demand, options.zone, nowMs) : undefined;
        const deadline =
          demand?.kind === "energy" && window
            ? deadlineNeed(
                appliance,
                { missingWh: missingWh(appliance, demand.energyWh, window.fromMs), readyMs: window.readyMs },
                nowMs,
              )
            : undefined;
        const warmth = appliance.temperature && temperatureOf(appliance.temperature, appliance);
        const wins = [deadline, warmth].reduce((one, other) => higher(one ?? undefined, other ?? undefined), undefined);
        return wins ? [[name, wins]] : [];
      });
      return new Map(found);
    },
    temperature,
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
