import { iso } from "../../core/clock/clock.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import { isBattery, isPlanned, leastMode } from "../optimise/resource-modes.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";

/** Empty lists for all appliances of a home that have something before them: nothing is asked of them any more. */
export async function emptyLists(
  store: Pick<AggregatorStore, "plans">,
  site: string,
  nowMs: number,
  uuid: () => string,
): Promise<InstructionList[]> {
  return (await store.plans(site))
    .filter(({ list }) => list.instructions.some(({ validUntil }) => Date.parse(validUntil) > nowMs))
    .map(({ list: { resource } }) => ({ plan: uuid(), resource, instructions: [] }));
}

/**
 * Every appliance that something is asked of draws the least that it can from now on; one that may be blocked only as long as
 * that. Each home still keeps its own rules: comfort, minimum times and residents' words stand above this.
 */
export async function reducedLists(
  store: Pick<AggregatorStore, "resources">,
  site: string,
  span: { nowMs: number; untilMs: number },
  uuid: () => string,
): Promise<InstructionList[]> {
  return (await store.resources(site))
    .filter((one) => isPlanned(one) || isBattery(one))
    .map((resource) => {
      const mostMs = resource.demand?.kind === "block" ? resource.demand.maxBlockS * 1000 : Infinity;
      const endMs = Math.min(span.untilMs, span.nowMs + mostMs);
      return {
        plan: uuid(),
        resource: resource.resource,
        instructions: [
          {
            id: uuid(),
            executionTime: iso(span.nowMs),
            validUntil: iso(endMs),
            // By itself a battery takes nothing from the grid, and gives what its house needs.
            operationModeId: isBattery(resource) ? resource.failsafeMode : leastMode(resource).id,
            reason: "reduction by the operator",
          },
        ],
      };
    });
}
