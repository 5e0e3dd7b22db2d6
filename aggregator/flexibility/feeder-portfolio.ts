import { setImmediate } from "node:timers/promises";
import { iso } from "../../core/clock/clock.ts";
import type { Slot } from "../../core/slots.ts";
import { homeParty, homeRoom, priceScale, type HomePlan } from "../../planner/community/home-party.ts";
import type { Party } from "../../planner/community/party.ts";
import { roundDesk, type RoundDesk } from "../../planner/community/round-desk.ts";
import { homeOf } from "../../planner/home-of.ts";
import type { Home } from "../../planner/home.ts";
import type { FeederConfig } from "../config/aggregator-config.ts";
import { netLoads } from "../forecast/net-loads.ts";
import { feedersOf, seedOf, type CommunityPlannerOptions } from "../optimise/community-planner.ts";
import { readHome } from "../optimise/read-home.ts";

/** What flexibility is offered for. */
export interface OfferTerms {
  /** Share of the cost on top, such as 0.1. */
  margin: number;
  /** Not less for each kWh that is moved, micro-units. */
  leastPerKwh: bigint;
}

/** Makes the desk that answers rounds for the homes of a feeder. */
export interface FeederPortfolio {
  /** @param day slots of the day; null where prices do not reach to its end, or nothing of it can move */
  open(feeder: string, day: readonly Slot[], terms: OfferTerms): Promise<RoundDesk<HomePlan> | null>;
}

/** An answer may take so long, ms. */
const mostMs = 10_000;
const mostTold = 1000;

/**
 * Homes as they are now, planned from now until the end of the day: with the same code, limits and contracts as their plans. Only
 * the day is told.
 */
export function feederPortfolio(
  options: Pick<
    CommunityPlannerOptions,
    "store" | "prices" | "control" | "attendance" | "contracts" | "uuid" | "slotMinutes" | "clock" | "log"
  > & { feeders: readonly FeederConfig[] },
): FeederPortfolio {
  const { store, prices, slotMinutes, control, clock, log } = options;
  const loads = netLoads(store);
  const told = new Set<string>();
  return {
    async open(name, day, terms) {
      const [first, last] = [day[0], day.at(-1)];
      const sites = options.feeders.find((feeder) => feeder.name === name)?.sites;
      if (!first || !last || !sites) return null;
      const nowMs = clock.now();
      const slots = prices.slots(Math.min(nowMs, first.startMs), last.endMs, slotMinutes);
      if (slots.at(-1)?.endMs !== last.endMs) {
        const reached = iso(slots.at(-1)?.endMs ?? nowMs);
        const said = `${name} ${first.startMs} ${reached}`;
        if (!told.has(said))
          log.warn({ feeder: name, until: reached }, "prices do not reach to the end of the day: no prognosis");
        if (told.size > mostTold) told.clear();
        told.add(said);
        return null;
      }
      const input = { slots, prices, slotMinutes, nowMs };
      const homes: Home[] = [];
      const parties: Party<HomePlan>[] = [];
      const room = homeRoom();
      for (const site of sites) {
        const { problem } = await readHome(site, input, { ...options, loads, isFree: control.wordFor(site) === null });
        const { previous: _, ...fresh } = problem;
        const home = homeOf(fresh);
        homes.push(home);
        parties.push(homeParty(home, seedOf(site), room));
        await setImmediate();
      }
      const hours = Float64Array.from(slots, ({ startMs, endMs }) => (endMs - startMs) / 3_600_000);
      const inside = options.feeders.filter((feeder) => feeder.sites.every((site) => sites.includes(site)));
      return roundDesk(
        {
          parties,
          portfolio: {
            community: {
              hours,
              parties: sites.map((site) => ({ name: site, curtailedBeforeWh: 0 })),
              feeders: feedersOf({ name, feeders: inside, sites }, slots, hours, control),
              scale: priceScale(homes),
              seed: 1,
              keepWithin: 0,
            },
            nowMs: () => clock.monotonicMs(),
            mostMs,
          },
        },
        slotMinutes / 60,
        terms.margin,
        {
          leastPerKwh: terms.leastPerKwh,
          told: { from: slots.findIndex(({ startMs }) => startMs === first.startMs), count: day.length },
        },
      );
    },
  };
}
