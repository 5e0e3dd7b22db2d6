import { instructionAt } from "../../core/instruction-at.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import type { HomeFacts } from "./greedy-home.ts";
import type { ProblemPart } from "./home-problem.ts";
import { instructedW, isStore, onMode, type StoreResource } from "./resource-modes.ts";
import { batteryEfficiencies, batteryPowers, freshFill } from "./store-problem.ts";
import { ownShare } from "./unplanned-load.ts";

/** What the lists in force have each part do, W a slot. A battery that is left to itself evens out the house then. */
export function previousOf(
  parts: readonly ProblemPart[],
  input: {
    slots: readonly PricedSlot[];
    inForce: ReadonlyMap<string, InstructionList>;
    statuses: HomeFacts["statuses"];
    nowMs: number;
    netW: readonly number[];
  },
): Record<string, number[]> {
  const { slots, inForce } = input;
  const netW = [...input.netW];
  const previous: Record<string, number[]> = {};
  for (const { name, resource, kind, from, until } of parts.toSorted((one, other) => lastly(one) - lastly(other))) {
    const list = inForce.get(resource.resource);
    // What may only be held off is free where nothing is said: a list ends before the newest slots of a plan.
    const untold = kind === "block" ? (resource.operationModes.find(({ id }) => id === resource.failsafeMode)?.powerW ?? 0) : 0;
    const watts = slots.map(({ startMs }, slot) => {
      const told = slot >= from && slot < until && list ? (instructedW(resource, list, startMs) ?? untold) : 0;
      return kind === "block" && told > 0 ? onMode(resource).powerW * ownShare : told;
    });
    const evened = kind === "battery" && isStore(resource) && list ? evenedW(resource, list, watts, { ...input, netW }) : watts;
    for (const [slot, own] of evened.entries()) netW[slot] = (netW[slot] ?? 0) + own;
    previous[name] = evened;
  }
  return previous;
}

/** Batteries follow what all else draws. */
const lastly = ({ kind }: ProblemPart): number => (kind === "battery" ? 1 : 0);

/** What a battery does where its list leaves it to itself: it takes what the house feeds in and gives what it draws. */
function evenedW(
  resource: StoreResource,
  list: InstructionList,
  watts: readonly number[],
  {
    slots,
    statuses,
    nowMs,
    netW,
  }: { slots: readonly PricedSlot[]; statuses: HomeFacts["statuses"]; nowMs: number; netW: readonly number[] },
): number[] {
  const { storage } = resource;
  if (storage.kind !== "battery") return [...watts];
  const { chargeW, dischargeW } = batteryPowers(resource);
  const { charge, discharge } = batteryEfficiencies(resource);
  const [lowWh, highWh] = [storage.fillLevelRange.from, storage.fillLevelRange.to].map((at) => (storage.capacityWh * at) / 100);
  let fillWh = (storage.capacityWh * (freshFill(statuses.get(resource.resource), nowMs) ?? 0)) / 100;
  return watts.map((told, slot) => {
    const { startMs, endMs } = slots[slot] ?? { startMs: 0, endMs: 1 };
    const hours = (endMs - startMs) / 3_600_000;
    const byItself = instructionAt(list, startMs)?.operationModeId === resource.failsafeMode;
    const wished = byItself ? Math.max(-dischargeW, Math.min(chargeW, -(netW[slot] ?? 0))) : told;
    const mostW = Math.max(0, (highWh ?? 0) - fillWh) / charge / hours;
    const leastOfW = (-Math.max(0, fillWh - (lowWh ?? 0)) * discharge) / hours;
    const powerW = Math.max(leastOfW, Math.min(mostW, wished));
    fillWh += powerW * hours * (powerW > 0 ? charge : 1 / discharge);
    return powerW;
  });
}
