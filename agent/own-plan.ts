import type { Clock } from "../core/clock/clock.ts";
import type { InstructionList } from "../core/message/instruction.ts";
import type { PriceSeries } from "../core/message/price-series.ts";
import { slotAt } from "../core/slots.ts";
import { baseLoadForecast } from "../planner/base-load.ts";
import { windowAt } from "../planner/demand-window.ts";
import { baseHistory } from "./base-history.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import type { GivenWh } from "./given-energy.ts";
import { localPlan, pricedSlots, type LocalPlanInput } from "./plan/local-plan.ts";
import { localProblem } from "./plan/local-problem.ts";
import type { ControlStore } from "./store/control-store.ts";
import type { MeterStore } from "./store/meter-store.ts";

/** As far ahead as day-ahead prices reach. */
const horizonMs = 36 * 3_600_000;
/** What else the house may draw, W: a plan without a history keeps this free. */
const usualBaseW = 1500;
const nothing: ReadonlyMap<string, InstructionList> = new Map();

/** The house's own plan, and what it is made from. */
export interface OwnPlan {
  /** Made anew in each slot, and when prices are new, while nobody else plans for the house; nothing while somebody does. */
  lists(): ReadonlyMap<string, InstructionList>;
  /** The planning problem of this moment, whoever plans; undefined without prices or demands. */
  problem(): ReturnType<typeof localProblem>;
}

/** @param options.alone whether the aggregator is not heard, or there is none */
export function ownPlan(options: {
  config: AgentConfig;
  control: Pick<ControlStore, "prices">;
  meters: Pick<MeterStore, "slots">;
  givenWh: GivenWh;
  clock: Clock;
  alone: () => boolean;
}): OwnPlan {
  const { config, control, clock } = options;
  const { slotMinutes, timezone: zone, maxImportW } = config.site;
  const appliances = config.appliances.map((appliance) => ({ ...appliance, resource: appliance.name }));
  const gridMeter = config.meters.find(({ role }) => role === "grid")?.name ?? "";
  const history = baseHistory({ meters: options.meters, gridMeter, appliances, givenWh: options.givenWh, zone });
  let made: { startMs: number; priced: string; lists: ReadonlyMap<string, InstructionList> } | null = null;
  const inputAt = (nowMs: number, prices: readonly PriceSeries[]): LocalPlanInput => {
    const past = history(nowMs);
    return {
      appliances,
      prices,
      deliveredWh(resource) {
        const appliance = appliances.find(({ name }) => name === resource);
        const window = appliance?.demand?.kind === "energy" ? windowAt(appliance.demand, zone, nowMs) : undefined;
        return appliance && window ? options.givenWh(appliance, window.fromMs, nowMs) : 0;
      },
      baseW: (slots) => baseLoadForecast(past, slots, { zone, otherwiseW: usualBaseW }).watts,
      nowMs,
      slotMinutes,
      zone,
      maxImportW,
    };
  };
  return {
    lists() {
      if (!options.alone()) {
        made = null;
        return nothing;
      }
      const nowMs = clock.now();
      const { startMs } = slotAt(nowMs, slotMinutes);
      const prices = control.prices(nowMs, nowMs + horizonMs);
      const priced = prices.map(({ start, importPerKwh }) => `${start} ${importPerKwh.length}`).join(",");
      if (made?.startMs === startMs && made.priced === priced) return made.lists;
      const lists = localPlan({ ...inputAt(nowMs, prices), previous: made?.lists });
      made = { startMs, priced, lists };
      return lists;
    },
    problem() {
      const nowMs = clock.now();
      const input = inputAt(nowMs, control.prices(nowMs, nowMs + horizonMs));
      return localProblem(input, pricedSlots(input));
    },
  };
}
