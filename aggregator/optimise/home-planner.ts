import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import type { Demand, Resource } from "../../core/message/resource.ts";
import { greedyPlan, type PlannedAppliance, type PricedSlot } from "../../planner/greedy-plan.ts";
import type { Send } from "../dispatch/sender.ts";
import type { AggregatorStore, StoredSlot } from "../store/aggregator-store.ts";
import type { PriceBook } from "../../planner/price-book.ts";

/** Parts that the planner works with. */
export interface HomePlannerOptions {
  store: AggregatorStore;
  prices: PriceBook;
  send: Send;
  /** A new random UUID. */
  uuid: () => string;
  slotMinutes: number;
  clock: Clock;
  log: Log;
}

/** Plans homes, one at a time. */
export interface HomePlanner {
  /** Makes and sends a new plan for every resource of a home. */
  plan(site: string): Promise<void>;
  /** Sends again what the home has not answered. */
  resend(site: string): Promise<void>;
}

/** As far ahead as day-ahead prices reach. */
const horizonMs = 36 * 3_600_000;
const dayMs = 24 * 3_600_000;
/** Assumed for other loads until a home has a history, W. */
const unknownBaseW = 1500;
/** A list without a future still lives so long on its way. */
const leastLifetimeMs = 60_000;

/** One plan per home from prices, the appliances' demands and what the house usually draws besides. */
export function homePlanner(options: HomePlannerOptions): HomePlanner {
  const { store, clock } = options;
  const send = async (site: string, list: InstructionList): Promise<void> => {
    const untilMs = Math.max(clock.now() + leastLifetimeMs, ...list.instructions.map(({ validUntil }) => Date.parse(validUntil)));
    await options.send(site, "instruction", `instr/${list.resource}`, list, {
      lifetimeS: Math.ceil((untilMs - clock.now()) / 1000),
    });
  };
  return {
    async plan(site) {
      const nowMs = clock.now();
      const slots = options.prices.slots(nowMs, nowMs + horizonMs, options.slotMinutes);
      const resources = (await store.resources(site)).filter(isPlanned);
      if (slots.length === 0 || resources.length === 0) return;
      const statuses = new Map((await store.statuses(site)).map((status) => [status.resource, status]));
      const appliances = resources.map((resource) => planned(resource, statuses.get(resource.resource)?.deliveredWh ?? 0));
      const history = await store.slots(site, "import", nowMs - dayMs, nowMs);
      const maxImportW = Math.min(...resources.map((resource) => resource.maxImportW));
      const { spans, shortfalls } = greedyPlan(
        slots,
        appliances,
        slots.map((slot) => maxImportW - baseW(history, slot)),
      );
      for (const { resource, readyMs, missingWh } of shortfalls)
        options.log.warn({ site, resource, ready: iso(readyMs), missingWh }, "demand does not fit before its deadline");
      const lists = resources.map((described): InstructionList => ({
        plan: options.uuid(),
        resource: described.resource,
        instructions: (spans.get(described.resource) ?? []).map(({ startMs, endMs, on, reason }) => ({
          id: options.uuid(),
          executionTime: iso(startMs),
          validUntil: iso(endMs),
          operationModeId: modeOf(described, on),
          reason,
        })),
      }));
      // All are kept before any is sent: they share the house's limit, so none may stay behind when the broker is away.
      await store.savePlans(site, lists, nowMs);
      await Promise.all(lists.map((list) => send(site, list)));
    },
    async resend(site) {
      for (const list of await store.unanswered(site)) await send(site, list);
    },
  };
}

/** An appliance that something is asked of. */
type PlannedResource = Resource & { demand: Demand };
const isPlanned = (resource: Resource): resource is PlannedResource => resource.demand !== undefined;

/** Off is the mode that draws least; on is the one that it rests in where that draws, such as SG-Ready's normal, else its most. */
function modeOf({ operationModes, failsafeMode }: Resource, on: boolean): string {
  const byPower = operationModes.toSorted((one, other) => one.powerW - other.powerW);
  const [least, most] = [byPower[0], byPower.at(-1)];
  const resting = operationModes.find(({ id }) => id === failsafeMode);
  return (on ? (resting && least && resting.powerW > least.powerW ? resting : most) : least)?.id ?? failsafeMode;
}

const planned = (resource: PlannedResource, deliveredWh: number): PlannedAppliance => ({
  resource: resource.resource,
  powerW: Math.max(...resource.operationModes.map(({ powerW }) => powerW)),
  demand: resource.demand,
  timezone: resource.timezone,
  deliveredWh,
});

/** Mean power at the same time a day ago; a guess where the home is new. Flexible loads in it make it err on the safe side. */
function baseW(history: readonly StoredSlot[], slot: PricedSlot): number {
  const atMs = slot.startMs - dayMs;
  const found = history.find(({ startMs, endMs }) => startMs <= atMs && atMs < endMs);
  return found ? (found.wh * 3_600_000) / (found.endMs - found.startMs) : unknownBaseW;
}
