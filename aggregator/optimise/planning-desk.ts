import type { Clock } from "../../core/clock/clock.ts";
import { fewAtATime } from "../../core/few-at-a-time.ts";
import type { Log } from "../../core/log.ts";
import type { InstructionAck } from "../../core/message/instruction.ts";
import type { ResourceStatus, SiteState } from "../../core/message/resource.ts";
import type { PriceBook } from "../../planner/price-book.ts";
import type { FeederConfig } from "../config/aggregator-config.ts";
import { controlState } from "../dispatch/control.ts";
import { dispatcher } from "../dispatch/dispatcher.ts";
import { oneAtATime } from "../dispatch/one-at-a-time.ts";
import { operatorFollower } from "../dispatch/operator-follower.ts";
import type { Send } from "../dispatch/sender.ts";
import { habits } from "../forecast/habits.ts";
import { netLoads } from "../forecast/net-loads.ts";
import { feederPortfolio, type FeederPortfolio } from "../flexibility/feeder-portfolio.ts";
import type { Metrics } from "../observe/metrics.ts";
import type { Contracts } from "../reward/under-contract.ts";
import { type Share, wholeShare } from "../share/share.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { communityPlanner } from "./community-planner.ts";
import { feederGroups } from "./feeder-groups.ts";
import { homeWatch } from "./home-watch.ts";
import { planHere } from "./plan-here.ts";
import { planningThreads } from "./planning-threads.ts";
import { progressWatch } from "./progress-watch.ts";

/** All that plans homes and tells them: homes of feeders together, each of the others by itself. */
export interface PlanningDesk {
  /** Plans every home. */
  planAll(): Promise<void>;
  /** Sends again what a home has not answered. */
  resend(site: string): Promise<void>;
  /** Follows what operators have said: every few seconds, and once before anything else. */
  followOperators(): Promise<void>;
  /** A home has described an appliance: there is a new plan soon. */
  onResource(site: string): void;
  /** There is a new plan where something else happens than what was planned. */
  onStatus(site: string, status: ResourceStatus): Promise<void>;
  /** A home has traded: there is a new plan after a while, for all that traded in the same auction. */
  onTraded(site: string): void;
  onAnswer(site: string, ack: InstructionAck): void;
  /** A home that goes is planned around after some minutes, and planned again when it is back. */
  onState(site: string, state: SiteState["state"]): void;
  /** Homes came from another worker: there is a new plan soon. */
  onGain(sites: readonly string[]): void;
  /** An order binds the homes of a feeder: there is a new plan soon. */
  onOrder(feeder: string): void;
  /** Answers rounds of a grid operator for the homes of a feeder. */
  portfolio: FeederPortfolio;
}

/** A home describes its resources one after the other; so long after the first there is one plan for all of them. */
const soonMs = 10_000;
/** Homes hear of an auction within minutes, one after the other; the gate of its slots is a quarter of an hour before them. */
const tradedMs = 150_000;
/** Planning at the word of homes takes no more than this share of the time. */
const busyShare = 1 / 4;
/** A home that does not do what is planned, or rejects it, leads to a new plan so often and no more. */
const troubleMs = 15 * 60_000;
/** Homes and feeders whose plans are under way at the same time. */
const mostAtOnce = 16;
/** A smaller group is not worth a thread's memory. */
const fewestInThreads = 12;
/** A plan is worked on for no longer, ms, nor for more than a third of the time between two. */
const mostPlanMs = 180_000;

export function planningDesk(options: {
  store: AggregatorStore;
  prices: PriceBook;
  send: Send;
  sites: readonly string[];
  /** Homes that this process plans; all where it is left out. */
  share?: Share;
  feeders: readonly FeederConfig[];
  /** What homes have agreed to. */
  contracts: Contracts;
  /** Whether a home gets no flexibility because it does not sign what it is supplied with. */
  isUnsettled?: (site: string) => boolean;
  uuid: () => string;
  slotMinutes: number;
  planEveryMs: number;
  /** See `plan.reserve_quantile`. */
  reserveQuantile: number;
  /** Congestion points of grid operators by feeder. */
  points?: ReadonlyMap<string, string> | undefined;
  /** In which large groups are planned; 0: in this thread, in bites. */
  threads: number;
  quietly: (work: Promise<void>, what: string) => Promise<void>;
  /** Hears how long plans take and how they end. */
  watch?: Pick<Metrics, "worked" | "planEnded" | "foretold">;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}): PlanningDesk {
  const { store, feeders, sites, share = wholeShare, quietly, clock, log, signal } = options;
  const control = controlState(feeders, options.isUnsettled);
  const progress = progressWatch();
  const attendance = homeWatch(clock);
  /** Homes that have begun anew, with what they were told or without. */
  const forgetful = new Set<string>();
  const out = dispatcher({
    ...options,
    control,
    fenceOf: share.fenceOf,
    later: (work) => quietly(work, "sending a plan"),
  });
  const threads = options.threads > 0 ? planningThreads(options.threads) : null;
  signal.addEventListener("abort", () => void threads?.close());
  const history = { loads: netLoads(store), habits: habits(store) };
  const planGroup = communityPlanner({
    ...options,
    ...history,
    open: async ({ feeders: { length }, sites: { length: homes } }) =>
      threads && (length > 0 ? homes : loneHomes) >= fewestInThreads
        ? await threads.open(homes)
        : planHere(() => clock.monotonicMs()),
    give: out.give,
    fenceOf: share.fenceOf,
    control,
    attendance,
    mostMs: Math.min(mostPlanMs, options.planEveryMs / 3),
    mustHearAll: (site) => forgetful.has(site),
    onGiven(site, list, deliveredWh) {
      forgetful.delete(site);
      progress.given(site, list, deliveredWh, clock.now());
    },
  });
  /** Feeders by a name that no home has. */
  const byUnit = new Map(feederGroups(feeders).map((group) => [`feeder ${group.name}`, group]));
  const feederOf = new Map([...byUnit].flatMap(([unit, group]) => group.sites.map((site) => [site, unit])));
  /** What is planned together with a home: its feeder, or itself. */
  const unitOf = (site: string): string => feederOf.get(site) ?? site;
  const loneHomes = sites.filter((site) => !feederOf.has(site)).length;
  const heldUnits = (): string[] => [...new Set(sites.filter(share.holds).map(unitOf))];
  const tookMs = new Map<string, number>();
  /** Homes by themselves: ten thousand that come at once wait in turn, so that what they send is taken and answered meanwhile. */
  const homesInTurn = fewAtATime(mostAtOnce);
  const planNow = async (unit: string): Promise<void> => {
    const beganMs = clock.monotonicMs();
    const group = byUnit.get(unit);
    if (!share.holds(group?.sites[0] ?? unit)) return;
    await quietly(planGroup(group ?? { name: unit, feeders: [], sites: [unit] }), "planning");
    const ms = clock.monotonicMs() - beganMs;
    tookMs.set(unit, ms);
    options.watch?.worked(group ? "feeder" : "home", ms / 1000);
  };
  const plan = oneAtATime((unit) => (byUnit.has(unit) ? planNow(unit) : homesInTurn(() => planNow(unit))));
  const waiting = new Set<string>();
  const planSoon = (site: string): void => {
    const unit = unitOf(site);
    if (waiting.has(unit) || !share.holds(site)) return;
    waiting.add(unit);
    clock.after(
      Math.max(soonMs, (tookMs.get(unit) ?? 0) / busyShare),
      async () => {
        waiting.delete(unit);
        await plan(unit);
      },
      signal,
    );
  };
  const traded = new Set<string>();
  const troubled = new Map<string, number>();
  const isTroubled = (site: string): boolean => clock.monotonicMs() - (troubled.get(site) ?? -Infinity) < troubleMs;
  const troubleAt = (site: string): void => {
    if (isTroubled(site)) return;
    troubled.set(site, clock.monotonicMs());
    planSoon(site);
  };
  /** Homes that are waited for: one that comes and goes a thousand times is waited for once. */
  const awaited = new Set<string>();
  const awaitAway = (site: string): void => {
    const leftMs = attendance.untilAwayMs(site);
    // It is there, or was told to have gone.
    if (leftMs === undefined || leftMs === 0 || awaited.has(site)) return;
    awaited.add(site);
    clock.after(
      leftMs,
      () => {
        awaited.delete(site);
        // It was back for a while.
        if (!attendance.isAway(site)) return awaitAway(site);
        log.info({ site }, "home has gone, the others are planned around what it was told");
        planSoon(site);
      },
      signal,
    );
  };
  const overrides = new Map<string, string>();
  const followOperators = operatorFollower({
    ...options,
    holds: share.holds,
    control,
    dispatcher: out,
    onChange: planSoon,
  });
  return {
    async planAll() {
      // Ten thousand homes that stand on no feeder are not all held in memory at once.
      const units = heldUnits().values();
      const lane = async (): Promise<void> => {
        for (const unit of units) await plan(unit);
      };
      await Promise.all(Array.from({ length: mostAtOnce }, lane));
    },
    resend: (site) => out.resend(site),
    followOperators,
    onResource(site) {
      forgetful.add(site);
      planSoon(site);
    },
    async onStatus(site, status) {
      const key = `${site}/${status.resource}`;
      const said = JSON.stringify([status.override ?? null, status.alarm !== undefined]);
      const before = overrides.get(key) ?? JSON.stringify([null, false]);
      overrides.set(key, said);
      // What stands above the instructions has begun or ended, or a device has gone or is back.
      if (said !== before) planSoon(site);
      if (status.override || status.alarm !== undefined || isTroubled(site)) return;
      const resource = (await store.resources(site)).find((one) => one.resource === status.resource);
      const offWh = resource ? progress.off(site, resource, status, clock.now()) : null;
      if (offWh === null) return;
      troubleAt(site);
      log.info({ site, resource: status.resource, offWh }, "appliance got something else than planned, planning anew");
    },
    onTraded(site) {
      const unit = unitOf(site);
      if (traded.has(unit) || !share.holds(site)) return;
      traded.add(unit);
      const waitMs = Math.max(tradedMs, (tookMs.get(unit) ?? 0) / busyShare);
      const planAnew = async (): Promise<void> => {
        traded.delete(unit);
        await plan(unit);
      };
      clock.after(waitMs, planAnew, signal);
    },
    onAnswer(site, ack) {
      attendance.answer(site, ack);
      if (ack.status === "REJECTED") troubleAt(site);
    },
    onState(site, state) {
      if (attendance.state(site, state)) planSoon(site);
      awaitAway(site);
    },
    onGain(gained) {
      gained.forEach(out.gained);
      gained.forEach(planSoon);
    },
    onOrder: (feeder) =>
      feeders
        .find(({ name }) => name === feeder)
        ?.sites.slice(0, 1)
        .forEach(planSoon),
    portfolio: feederPortfolio({
      ...options,
      ...history,
      control,
      attendance,
      fewestInThread: options.threads > 0 ? fewestInThreads : Infinity,
    }),
  };
}
