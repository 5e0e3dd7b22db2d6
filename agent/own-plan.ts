import { setImmediate } from "node:timers/promises";
import { errorCode, errorMessage } from "../core/app-error.ts";
import { iso, type Clock } from "../core/clock/clock.ts";
import type { Log } from "../core/log.ts";
import type { InstructionList } from "../core/message/instruction.ts";
import type { TradedSlot } from "../core/message/traded.ts";
import { type Slot, slotAt, slotsBetween } from "../core/slots.ts";
import type { ComfortWatch } from "./comfort.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import { type HouseOutlook, houseOutlook } from "./exchange/house-outlook.ts";
import { houseForecast, type ForecastQuality } from "./house-forecast.ts";
import type { HouseHistory } from "./house-history.ts";
import { hasDeviated } from "./plan/has-deviated.ts";
import type { LocalPlanInput, Stored } from "./plan/local-input.ts";
import { localPlanSteps, type LocalPlan } from "./plan/local-plan.ts";
import { localProblem, pricedSlots } from "./plan/local-problem.ts";
import { oldSensorMs } from "./plan/needs.ts";
import type { Override } from "./plan/override.ts";
import type { StoreForecast } from "./publish/storage-report.ts";
import type { ControlStore } from "./store/control-store.ts";
import type { WeatherKeeper } from "./weather/weather-keeper.ts";

/** As far ahead as day-ahead prices reach. */
const horizonMs = 36 * 3_600_000;
/** After a plan has proved wrong a new one is made no sooner. */
const patienceMs = 5 * 60_000;
const nothing: ReadonlyMap<string, InstructionList> = new Map();

/** The house's own plan, and what it is made from. */
export interface OwnPlan {
  /**
   * The plan in force, while nobody else plans for the house; nothing while somebody does. Made anew in each slot, with new
   * prices, after a resident's word and when a store is not as it was planned: beside the passes of control, in small bites.
   */
  lists(): ReadonlyMap<string, InstructionList>;
  /** The planning problem of this moment, whoever plans; undefined without prices or demands. */
  problem(): ReturnType<typeof localProblem>;
  /** Peak that the plan in force pays for, W; 0 where it pays for none. */
  peakW(): number;
  /** What the house expects of slots before it trades. */
  outlook(slots: readonly Slot[]): HouseOutlook;
  /** What the house foretells of an appliance's store for the next two days; empty of what has none. */
  foretold(resource: string): StoreForecast;
  /** How far the forecasts were off that it rests on. */
  forecasts(): ForecastQuality[];
}

interface Made extends LocalPlan {
  /** What it was made from; another one is made when that changes. */
  key: string;
  atMs: number;
}

/**
 * @param options.alone whether the aggregator is not heard, or there is none
 * @param options.onPlan called when a new plan is in force, unless both it and the last one are empty
 */
export function ownPlan(options: {
  config: AgentConfig;
  control: Pick<ControlStore, "prices">;
  history: HouseHistory;
  comfort: Pick<ComfortWatch, "temperature" | "percent" | "missingWh">;
  weather: WeatherKeeper | null;
  overrides: () => readonly Override[];
  standing: LocalPlanInput["standing"];
  /** Peak that is paid for, W; null where none is charged for. */
  paidPeakW: () => number | null;
  /** Traded at an exchange in slots that are not over; null without one. */
  traded: ((nowMs: number) => readonly TradedSlot[]) | null;
  clock: Clock;
  log: Log;
  alone: () => boolean;
  onPlan: () => void;
  signal: AbortSignal;
}): OwnPlan {
  const { config, control, comfort, clock, log } = options;
  const { slotMinutes, timezone: zone } = config.site;
  const appliances = config.appliances.map((appliance) => ({ ...appliance, resource: appliance.name }));
  let made: Made | null = null;
  let making = false;
  let failedKey: string | null = null;

  const stored = (resource: string): Stored => {
    const percent = comfort.percent(resource);
    const sensor = appliances.find(({ name }) => name === resource)?.temperature?.sensor;
    const found = sensor === undefined ? undefined : comfort.temperature(sensor);
    return {
      ...(percent !== undefined && { percent }),
      ...(found && found.ageMs <= oldSensorMs && { temperatureC: found.temperatureC }),
    };
  };
  const forecastAt = (nowMs: number) =>
    houseForecast({ history: options.history, weather: options.weather?.forecast() ?? [], zone, nowMs });
  const inputAt = (nowMs: number): LocalPlanInput => ({
    appliances,
    prices: control.prices(nowMs, nowMs + horizonMs),
    deliveredWh(resource) {
      const demand = appliances.find(({ name }) => name === resource)?.demand;
      const missing = comfort.missingWh(resource);
      return demand?.kind === "energy" && missing !== undefined ? demand.energyWh - missing : 0;
    },
    stored,
    forecast: forecastAt(nowMs),
    overrides: options.overrides(),
    nowMs,
    slotMinutes,
    zone,
    standing: options.standing,
    ...(options.traded && { traded: options.traded(nowMs) }),
    ...importOf(config.site, options.paidPeakW()),
  });
  const keyAt = (nowMs: number): string => {
    const prices = control.prices(nowMs, nowMs + horizonMs).map(({ start, importPerKwh }) => `${start} ${importPerKwh.length}`);
    const words = options.overrides().map(({ resource, mode, untilMs }) => `${resource} ${mode} ${untilMs}`);
    const traded = (options.traded?.(nowMs) ?? []).map(({ start, soldWh, boughtWh }) => `${start} ${soldWh} ${boughtWh}`);
    return [slotAt(nowMs, slotMinutes).startMs, ...prices, ...words, ...traded].join(",");
  };
  const isDue = (key: string, nowMs: number): boolean => {
    if (making || key === failedKey) return false;
    if (made?.key !== key) return true;
    return nowMs - made.atMs >= patienceMs && hasDeviated(made.expected, stored, nowMs);
  };
  const make = async (key: string, nowMs: number): Promise<void> => {
    const steps = localPlanSteps({ ...inputAt(nowMs), previous: made?.lists });
    for (;;) {
      const { done, value } = steps.next();
      if (options.signal.aborted) return;
      if (done) {
        const isNew = value.lists.size > 0 || (made?.lists.size ?? 0) > 0;
        made = { ...value, key, atMs: nowMs };
        failedKey = null;
        if (isNew) options.onPlan();
        return;
      }
      // What controls comes first.
      await setImmediate();
    }
  };
  const begin = (key: string, nowMs: number): void => {
    making = true;
    const work = make(key, nowMs)
      .catch((error: unknown) => {
        failedKey = key;
        log.error({ code: errorCode(error), error: errorMessage(error) }, "no own plan could be made; the last one stays");
      })
      .finally(() => (making = false));
    void clock.hold(work);
  };
  return {
    lists() {
      if (!options.alone()) {
        made = null;
        return nothing;
      }
      const nowMs = clock.now();
      const key = keyAt(nowMs);
      if (isDue(key, nowMs)) begin(key, nowMs);
      return made?.lists ?? nothing;
    },
    // While somebody else plans, nobody has weighed a higher peak.
    peakW: () => (options.alone() ? (made?.peakW ?? 0) : 0),
    problem() {
      const input = inputAt(clock.now());
      return localProblem(input, pricedSlots(input));
    },
    outlook(slots) {
      const { knownBaseW: baseW, pvW } = forecastAt(clock.now());
      return houseOutlook(slots, { forecast: { baseW, pvW }, appliances, stored, lists: made?.lists ?? nothing });
    },
    foretold(resource) {
      const kind = appliances.find(({ name }) => name === resource)?.model?.kind;
      const slots = slotsBetween(clock.now(), clock.now() + foretoldMs, foretoldMinutes);
      if (kind !== "tank" && kind !== "room") return {};
      const forecast = forecastAt(clock.now());
      const values = kind === "tank" ? forecast.drawWh(resource, slots) : forecast.outdoorC(slots);
      if (!values || slots.length === 0 || !values.every(Number.isFinite)) return {};
      const series = { start: iso(slots[0]?.startMs ?? 0), stepS: foretoldMinutes * 60, values: values.map(tenths) };
      return kind === "tank" ? { usage: series } : { outdoorC: series };
    },
    forecasts() {
      const named = (found: boolean[]): string[] => appliances.filter((_, index) => found[index]).map(({ name }) => name);
      return forecastAt(clock.now()).quality({
        tanks: named(appliances.map(({ model }) => model?.kind === "tank")),
        cars: named(
          appliances.map(({ device, meter }) => device.by === "driver" && device.config.type === "ev_charger" && meter !== null),
        ),
      });
    },
  };
}

const foretoldMs = 48 * 3_600_000;
const foretoldMinutes = 60;
const tenths = (value: number): number => Math.round(value * 10) / 10;

/** Above a peak that is paid for anyway, and whose price nobody has said, the guard lets nothing run. */
function importOf(
  { maxImportW, peakPricePerKw }: Pick<AgentConfig["site"], "maxImportW" | "peakPricePerKw">,
  paidW: number | null,
): Pick<LocalPlanInput, "maxImportW" | "peak"> {
  if (paidW === null) return { maxImportW, peak: null };
  if (peakPricePerKw === null) return { maxImportW: Math.min(maxImportW, paidW), peak: null };
  return { maxImportW, peak: { paidW, pricePerKw: peakPricePerKw } };
}
