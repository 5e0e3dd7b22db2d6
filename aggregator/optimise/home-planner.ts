import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import type { PriceBook } from "../../planner/price-book.ts";
import type { Dispatcher } from "../dispatch/dispatcher.ts";
import { agreedHome, inAgreedHours } from "../reward/agreed-resources.ts";
import type { Contracts } from "../reward/under-contract.ts";
import type { AggregatorStore, StoredSlot } from "../store/aggregator-store.ts";
import { greedyHome } from "./greedy-home.ts";
import { plausibleResource, plausibleW } from "./plausible-resource.ts";
import { isPlanned } from "./resource-modes.ts";

/** Parts that the planner works with. */
export interface HomePlannerOptions {
  store: AggregatorStore;
  prices: PriceBook;
  give: Dispatcher["give"];
  contracts: Pick<Contracts, "termsOf" | "begun">;
  /** A new random UUID. */
  uuid: () => string;
  slotMinutes: number;
  clock: Clock;
  log: Log;
}

/** As far ahead as day-ahead prices reach. */
const horizonMs = 36 * 3_600_000;
const dayMs = 24 * 3_600_000;
/** Assumed for other loads until a home has a history, W. */
const unknownBaseW = 1500;

/** Plans a home that stands on no feeder: from prices, the appliances' demands and what the house usually draws besides. */
export function homePlanner(options: HomePlannerOptions): (site: string) => Promise<void> {
  const { store, clock } = options;
  return async (site) => {
    const nowMs = clock.now();
    const slots = options.prices.slots(nowMs, nowMs + horizonMs, options.slotMinutes);
    const described = (await store.resources(site)).filter(isPlanned).map(plausibleResource);
    const [terms, untilMs] = [options.contracts.termsOf(site), slots.at(-1)?.endMs ?? nowMs];
    const agreed = agreedHome(described, terms, { begun: await options.contracts.begun(site, nowMs), nowMs, untilMs });
    const resources = terms ? inAgreedHours(agreed.resources, terms) : agreed.resources;
    if (slots.length === 0 || resources.length === 0) return;
    const statuses = new Map((await store.statuses(site)).map((status) => [status.resource, status]));
    const history = await store.slots(site, "import", nowMs - dayMs, nowMs);
    const facts = { resources, statuses, baseW: slots.map((slot) => usualW(history, slot)) };
    const { lists, shortfalls } = greedyHome(facts, slots, options.uuid);
    for (const { resource, readyMs, missingWh } of shortfalls)
      options.log.warn({ site, resource, ready: iso(readyMs), missingWh }, "demand does not fit before its deadline");
    await options.give(site, lists);
  };
}

/** Mean power at the same time a day ago; a guess where the home is new. Flexible loads in it make it err on the safe side. */
function usualW(history: readonly StoredSlot[], slot: PricedSlot): number {
  const atMs = slot.startMs - dayMs;
  const found = history.find(({ startMs, endMs }) => startMs <= atMs && atMs < endMs);
  return found ? plausibleW((found.wh * 3_600_000) / (found.endMs - found.startMs)) : unknownBaseW;
}
