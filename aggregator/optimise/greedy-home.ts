import { iso } from "../../core/clock/clock.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import type { Resource, ResourceStatus } from "../../core/message/resource.ts";
import type { TradedSlot } from "../../core/message/traded.ts";
import { greedyPlan, type PricedSlot, type Shortfall } from "../../planner/greedy-plan.ts";
import type { Habit } from "../forecast/habits.ts";
import type { AgreedHome } from "../reward/agreed-resources.ts";
import { leastMode, onMode, type PlannedResource, type StoreResource } from "./resource-modes.ts";

/** What is known of a home when it is planned. Watts by slot. */
export interface HomeFacts {
  resources: readonly PlannedResource[];
  /** Batteries, which are planned by how full they are alone. */
  batteries?: readonly StoreResource[];
  /** Panels that may be curtailed. */
  panels?: readonly Resource[];
  /** What panels give, W by slot; in baseW already. */
  pvW?: readonly number[];
  /** Whether tanks and rooms are planned by their temperature where that is known; else by their demands. */
  byFill?: boolean;
  statuses: ReadonlyMap<string, ResourceStatus>;
  /** What appliances are known for, by resource. */
  habits?: ReadonlyMap<string, Habit>;
  /** What it draws besides. */
  baseW: readonly number[];
  /** What it has traded at an exchange: that is no load, and moves where its tariff begins. */
  traded?: readonly TradedSlot[];
  /** Whether its contract lets a resource be controlled in a slot; absent: in all. */
  mayControl?: AgreedHome["mayControl"];
}

/** Lists for all appliances of a home, and what they make it draw with all else, W by slot. */
export interface PlannedHome {
  lists: InstructionList[];
  shortfalls: Shortfall[];
  drawsW: number[];
}

/** One home by itself: energy in the cheapest slots before its deadline, under the house's limit. */
export function greedyHome(
  { resources, statuses, baseW }: HomeFacts,
  slots: readonly PricedSlot[],
  uuid: () => string,
): PlannedHome {
  const maxImportW = Math.min(...resources.map((resource) => resource.maxImportW));
  const { spans, shortfalls } = greedyPlan(
    slots,
    resources.map(({ resource, operationModes, demand, timezone }) => ({
      resource,
      powerW: Math.max(...operationModes.map(({ powerW }) => powerW)),
      demand,
      timezone,
      deliveredWh: statuses.get(resource)?.deliveredWh ?? 0,
    })),
    slots.map((_, slot) => maxImportW - (baseW[slot] ?? 0)),
  );
  const drawsW = [...baseW];
  const lists = resources.map((described): InstructionList => {
    const own = spans.get(described.resource) ?? [];
    for (const [slot, { startMs }] of slots.entries()) {
      const on = own.find((span) => span.startMs <= startMs && startMs < span.endMs)?.on ?? false;
      drawsW[slot] = (drawsW[slot] ?? 0) + Math.max(0, (on ? onMode(described) : leastMode(described)).powerW);
    }
    return {
      plan: uuid(),
      resource: described.resource,
      instructions: own.map(({ startMs, endMs, on, reason }) => ({
        id: uuid(),
        executionTime: iso(startMs),
        validUntil: iso(endMs),
        operationModeId: (on ? onMode(described) : leastMode(described)).id,
        reason,
      })),
    };
  });
  return { lists, shortfalls, drawsW };
}
