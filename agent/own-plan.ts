import type { Clock } from "../core/clock/clock.ts";
import type { InstructionList } from "../core/message/instruction.ts";
import { slotAt } from "../core/slots.ts";
import { windowAt } from "../planner/demand-window.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import type { GivenWh } from "./given-energy.ts";
import { localPlan } from "./plan/local-plan.ts";
import type { ControlStore } from "./store/control-store.ts";

/** As far ahead as day-ahead prices reach. */
const horizonMs = 36 * 3_600_000;
const nothing: ReadonlyMap<string, InstructionList> = new Map();

/**
 * The house's own plan, made anew in each slot while nobody else plans for it; nothing while the aggregator is there.
 * @param options.alone whether the aggregator is not heard, or there is none
 */
export function ownPlan(options: {
  config: AgentConfig;
  control: Pick<ControlStore, "prices">;
  givenWh: GivenWh;
  clock: Clock;
  alone: () => boolean;
}): () => ReadonlyMap<string, InstructionList> {
  const { config, control, clock } = options;
  const { slotMinutes, timezone: zone, maxImportW } = config.site;
  const appliances = config.appliances.map((appliance) => ({ ...appliance, resource: appliance.name }));
  let made: { startMs: number; lists: ReadonlyMap<string, InstructionList> } | null = null;
  return () => {
    if (!options.alone()) {
      made = null;
      return nothing;
    }
    const nowMs = clock.now();
    const { startMs } = slotAt(nowMs, slotMinutes);
    if (made?.startMs === startMs) return made.lists;
    const lists = localPlan({
      appliances,
      prices: control.prices(nowMs, nowMs + horizonMs),
      deliveredWh(resource) {
        const appliance = appliances.find(({ name }) => name === resource);
        const window = appliance?.demand?.kind === "energy" ? windowAt(appliance.demand, zone, nowMs) : undefined;
        return appliance && window ? options.givenWh(appliance, window.fromMs, nowMs) : 0;
      },
      nowMs,
      slotMinutes,
      zone,
      maxImportW,
    });
    made = { startMs, lists };
    return lists;
  };
}
