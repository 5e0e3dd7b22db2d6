import { setImmediate } from "node:timers/promises";
import { iso } from "../../core/clock/clock.ts";
import type { Slot } from "../../core/slots.ts";
import type { FeederConfig } from "../config/aggregator-config.ts";
import { feedersOf, seedOf, type CommunityPlannerOptions } from "../optimise/community-planner.ts";
import { roomAt } from "../optimise/feeder-groups.ts";
import type { GroupMember } from "../optimise/group-home.ts";
import { readHome } from "../optimise/read-home.ts";
import type { FlexPlanner } from "./flex-desk.ts";
import { changedFrom, goneFrom, isTightened, limitOf, type Lost, relianceOf, type Reliance, type Relied } from "./reliance.ts";
import { homesDesk, roundThread, type OfferTerms, type RoundTask } from "./round-room.ts";

/** Who answers rounds for the homes of a feeder, and on what that rests. */
export interface OpenPortfolio {
  planner: FlexPlanner;
  relied: Relied;
}

/** Makes the desk that answers rounds for the homes of a feeder. */
export interface FeederPortfolio {
  /** @param day slots of the day; null where prices do not reach to its end */
  open(feeder: string, day: readonly Slot[], terms: OfferTerms): Promise<OpenPortfolio | null>;
  /**
   * The first feeder of these with less room than it had, or home that will not do what is asked of it from an instant on, and why;
   * undefined where all is as it was.
   * @param thoroughly by what their gateways have told too
   */
  lost(relied: Relied, fromMs: number, thoroughly: boolean): Promise<Lost | undefined>;
}

/** An answer may take so long, ms. */
const mostMs = 10_000;
const mostTold = 1000;

/**
 * Homes as they are now, planned from now until the end of the day: with the same code, limits and contracts as their plans. Only
 * the day is told.
 * @param options.fewestInThread a feeder with fewer homes answers in this thread; Infinity: all do
 */
export function feederPortfolio(
  options: Pick<
    CommunityPlannerOptions,
    "store" | "loads" | "habits" | "prices" | "control" | "attendance" | "contracts" | "uuid" | "slotMinutes" | "clock" | "log"
  > & { feeders: readonly FeederConfig[]; fewestInThread: number; signal: AbortSignal },
): FeederPortfolio {
  const { prices, slotMinutes, control, clock, log } = options;
  /** By configuration, contract and operators. */
  const room = {
    limitW(name: string, atMs: number): number {
      const feeder = options.feeders.find((one) => one.name === name);
      return feeder ? roomAt(feeder, atMs, control) : control.limitW(name, atMs);
    },
  };
  const told = new Set<string>();
  const thread = roundThread();
  options.signal.addEventListener("abort", () => void thread.close());
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
      const members: GroupMember[] = [];
      const relied: Reliance[] = [];
      const inside = options.feeders.filter((feeder) => feeder.sites.every((site) => sites.includes(site)));
      // Before the homes are read: what is said meanwhile is noticed as new.
      const limits = inside.map((feeder) => limitOf(feeder.name, day, room));
      for (const site of sites) {
        const home = await readHome(site, input, { ...options, isFree: control.wordFor(site) === null });
        members.push({ problem: home.problem, seed: seedOf(site) });
        const reliance = relianceOf(home, first.startMs);
        if (reliance.resources.length > 0) relied.push(reliance);
        // What is read of thousands of homes must not keep the rest of the process waiting.
        await setImmediate();
      }
      const hours = Float64Array.from(slots, ({ startMs, endMs }) => (endMs - startMs) / 3_600_000);
      const task: RoundTask = {
        name: `${name} ${first.startMs}`,
        untilMs: last.endMs,
        hours,
        sites,
        feeders: feedersOf({ name, feeders: inside, sites }, slots, hours, control),
        terms,
        told: { from: slots.findIndex(({ startMs }) => startMs === first.startMs), count: day.length },
        slotHours: slotMinutes / 60,
        mostMs,
      };
      const planner =
        members.length >= options.fewestInThread
          ? await thread.open(members, task, nowMs)
          : homesDesk(members, task, () => clock.monotonicMs());
      return { planner, relied: { homes: relied, limits } };
    },
    async lost({ homes, limits }, fromMs, thoroughly) {
      const tight = limits.find((limit) => isTightened(limit, room));
      if (tight) return { feeder: tight.feeder, why: "its limit is tighter" };
      for (const reliance of homes) {
        const why = goneFrom(reliance, fromMs, options);
        if (why !== undefined) return { site: reliance.site, why };
      }
      for (const reliance of thoroughly ? homes : []) {
        const why = await changedFrom(reliance, fromMs, options);
        if (why !== undefined) return { site: reliance.site, why };
        await setImmediate();
      }
      return undefined;
    },
  };
}
