import { iso } from "../../core/clock/clock.ts";
import { AppError } from "../../core/app-error.ts";
import type { Log } from "../../core/log.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import type { Resource } from "../../core/message/resource.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import { homeOf } from "../../planner/home-of.ts";
import type { PriceBook } from "../../planner/price-book.ts";
import type { Problem } from "../../planner/problem.ts";
import { agreedHome, inAgreedHours } from "../reward/agreed-resources.ts";
import { isAgreedTime } from "../reward/beyond-control.ts";
import type { Contracts } from "../reward/under-contract.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Habits } from "../forecast/habits.ts";
import type { NetLoads } from "../forecast/net-loads.ts";
import { baseLoadW, meteredPast } from "./base-load.ts";
import { greedyHome, type HomeFacts } from "./greedy-home.ts";
import { fixedProblem, homeProblem, type HomeProblem } from "./home-problem.ts";
import type { HomeWatch } from "./home-watch.ts";
import { plausibleResource, plausibleW } from "./plausible-resource.ts";
import { readTrades } from "./read-trades.ts";
import { curtailedMode, isBattery, isPlanned, isStore } from "./resource-modes.ts";
import { freshFill } from "./store-problem.ts";
import { ownLoadW, toldLoadW } from "./unplanned-load.ts";

/** A home as it takes part in the planning of its feeder. */
export interface ReadHome extends HomeProblem {
  site: string;
  /** Names of its problem's appliances, in the order of a plan's flows. */
  devices: readonly string[];
  facts: HomeFacts;
  /** What its appliances follow, by resource. */
  inForce: ReadonlyMap<string, InstructionList>;
  /** Lists that are made already, of a home whose appliances make no planning problem. */
  alone: InstructionList[] | null;
}

/**
 * Reads what is known of a home. One whose appliances cannot be put into a planning problem is planned by itself and takes part
 * with what it then draws. Appliances that no plan is made for (an operator's word, a home that is away, an alarm) go on with
 * what they were told; those that reject everything draw as they like.
 */
export async function readHome(
  site: string,
  input: { slots: readonly PricedSlot[]; prices: PriceBook; slotMinutes: number; nowMs: number },
  parts: {
    store: AggregatorStore;
    loads: Pick<NetLoads, "meanW">;
    habits: Pick<Habits, "of">;
    contracts: Pick<Contracts, "termsOf" | "begun">;
    /** Whether operators and the contract leave it to plans. */
    isFree: boolean;
    attendance: Pick<HomeWatch, "isAway" | "isWilling">;
    uuid: () => string;
    log: Log;
  },
): Promise<ReadHome> {
  const { store, log } = parts;
  const { slots, nowMs } = input;
  const described = (await store.resources(site)).map(plausibleResource);
  const resources = described.filter(isPlanned);
  const terms = parts.contracts.termsOf(site);
  const isAgreed = ({ resource }: Resource): boolean => terms === null || terms.control.resources.includes(resource);
  const batteries = described.filter(isBattery).filter(isAgreed);
  const panels = described.filter((one) => curtailedMode(one) !== undefined && isAgreed(one));
  const statuses = new Map((await store.statuses(site)).map((status) => [status.resource, status]));
  const foretold = await parts.loads.meanW(site, described, slots, nowMs);
  const baseW = (foretold?.netW ?? baseLoadW(await meteredPast(store, site, nowMs), described, slots)).map(plausibleW);
  const untilMs = slots.at(-1)?.endMs ?? nowMs;
  const agreed = agreedHome(resources, terms, { begun: await parts.contracts.begun(site, nowMs), nowMs, untilMs });
  const followed = (await store.plans(site)).filter(({ status }) => status !== "REJECTED");
  const inForce = new Map(followed.map(({ list }) => [list.resource, list]));
  const isPlannable = ({ resource }: Resource): boolean =>
    parts.isFree &&
    !parts.attendance.isAway(site) &&
    parts.attendance.isWilling(site, resource) &&
    statuses.get(resource)?.alarm === undefined;
  const drawsW = [...baseW];
  for (const resource of agreed.resources) {
    if (isPlannable(resource)) continue;
    const name = resource.resource;
    const ownW = parts.attendance.isWilling(site, name)
      ? toldLoadW(resource, inForce.get(name), slots)
      : ownLoadW(resource, statuses.get(name), slots);
    for (const [slot, watts] of ownW.entries()) drawsW[slot] = (drawsW[slot] ?? 0) + watts;
  }
  for (const battery of batteries) {
    if (isPlannable(battery)) continue;
    const told = parts.attendance.isWilling(site, battery.resource) ? inForce.get(battery.resource) : undefined;
    for (const [slot, watts] of toldLoadW(battery, told, slots).entries()) drawsW[slot] = (drawsW[slot] ?? 0) + watts;
  }
  for (const stored of [...batteries, ...resources.filter(isStore)]) {
    const status = statuses.get(stored.resource);
    if (!isPlannable(stored) || freshFill(status, nowMs) !== undefined) continue;
    const instead = isBattery(stored) ? "battery left to itself" : "planned by its demand";
    log.warn({ site, resource: stored.resource, at: status?.fillLevel?.at }, `fill level not known or too old, ${instead}`);
  }
  const facts: HomeFacts = {
    resources: agreed.resources.filter(isPlannable),
    batteries: batteries.filter(isPlannable),
    panels: panels.filter(isPlannable),
    statuses,
    habits: await parts.habits.of(site, described, slots, nowMs),
    traded: await readTrades(store, site, nowMs),
    baseW: drawsW.map(plausibleW),
    pvW: foretold?.pvW.map(plausibleW) ?? baseW.map((watts) => Math.max(0, -watts)),
    // A contract's limits of control count the windows and blocks of demands.
    byFill: terms === null,
    mayControl: (name, slot) =>
      resources.some(({ resource }) => resource === name)
        ? agreed.mayControl(name, slot)
        : terms === null || isAgreedTime(terms, slot),
  };
  try {
    const made = homeProblem(facts, { ...input, inForce });
    return { site, ...made, devices: devicesOf(made.problem), facts, inForce, alone: null };
  } catch (error) {
    if (!isAsked(facts)) throw error;
    const code = error instanceof AppError ? error.code : "plan-bad-problem";
    log.warn({ site, code }, "appliances make no planning problem, the home is planned by itself");
    const byHours = { ...facts, resources: terms ? inAgreedHours(facts.resources, terms) : facts.resources };
    const alone = greedyHome(byHours, slots, parts.uuid);
    for (const { resource, readyMs, missingWh } of alone.shortfalls)
      log.warn({ site, resource, ready: iso(readyMs), missingWh }, "demand does not fit before its deadline");
    const fixed = fixedProblem(alone.drawsW, input);
    return { site, ...fixed, devices: devicesOf(fixed.problem), facts, inForce, alone: alone.lists };
  }
}

/** Whether anything of a home is to be planned. */
export const isAsked = ({ resources, batteries = [], panels = [] }: HomeFacts): boolean =>
  resources.length + batteries.length + panels.length > 0;

/** @throws AppError of a problem that is none */
const devicesOf = (problem: Problem): string[] => homeOf(problem).devices.map(({ name }) => name);
