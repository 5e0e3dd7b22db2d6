import { AppError } from "../../core/app-error.ts";
import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import { FlexibilityEvidence } from "../../core/message/settlement-message.ts";
import type { Slot } from "../../core/slots.ts";
import type { Agreement, FlexibilityRule } from "../../settlement/record/agreement.ts";
import { checkFlexibility, flexibilityEarned, type FlexibilityEvents } from "../../settlement/record/flexibility.ts";
import { isServiceDay } from "../../settlement/record/service-day.ts";
import { agreementHash } from "../../settlement/record/sign-agreement.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { FlexEvent } from "../store/event-store.ts";
import type { StoredReward } from "../store/reward-store.ts";
import { beyondControl, controlTerms } from "./beyond-control.ts";
import { dayRewards } from "./budget.ts";
import { eventReader } from "./event-reader.ts";
import { avoidedCosts, dayIncome, type IncomeSource } from "./income.ts";
import { ordersAt } from "./order-charges.ts";

/** Parts that reckoning works with. */
export interface ReckonerOptions {
  agreements: ReadonlyMap<string, Agreement>;
  store: AggregatorStore;
  /** Names of the feeders that a home hangs on; without it none has any. */
  feedersOf?: (site: string) => readonly string[];
  /** What flexibility brings in beside the costs that it avoids. */
  income?: readonly IncomeSource[];
  clock: Clock;
  log: Log;
}

/** Reckons the rewards of a service day for all homes together, once. */
export interface DayReckoner {
  /** The reward of a home for a service day; null while some home's slots may still come. */
  rewardOf(site: string, day: Slot): Promise<StoredReward | null>;
}

/** A home whose agreement has a share for flexibility. */
interface FlexibleHome {
  site: string;
  agreement: Agreement;
  rule: FlexibilityRule;
}

/** Homes whose slots are missing for longer hold up the others no more; their events earn them nothing. */
const waitsMs = 24 * 3_600_000;

/**
 * What is earned on a day is shared out once, when the slots of all homes are there; who joins a day after that has no part in
 * it. Events that cannot be evidence (too many, without a baseline or a price, a meter's time twice) are left out.
 */
export function dayReckoner(options: ReckonerOptions): DayReckoner {
  const { agreements, store, clock, log } = options;
  const feedersOf = options.feedersOf ?? ((): readonly string[] => []);
  // What an order pays is worth something to those who make room for it; it is no cost that was avoided, but comes in by itself.
  const reader = eventReader(store, (site) => feedersOf(site).flatMap((feeder) => [feeder, ordersAt(feeder)]));
  const income = [avoidedCosts(agreements, eventReader(store, feedersOf)), ...(options.income ?? [])];
  const homesOf = ({ startMs, endMs }: Slot): FlexibleHome[] =>
    [...agreements].flatMap(([site, agreement]) => {
      const { reward: rule, from, until, timezone } = agreement;
      if (rule.kind !== "flexibility") return [];
      const within = Date.parse(from) <= startMs && endMs <= Date.parse(until);
      return within && isServiceDay(startMs, endMs, timezone) ? [{ site, agreement, rule }] : [];
    });
  const isLate = (endMs: number): boolean => clock.now() >= endMs + waitsMs;
  const eventsOf = async (home: FlexibleHome, { startMs, endMs }: Slot): Promise<FlexibilityEvents | "missing"> => {
    const { site, agreement } = home;
    const terms = agreementHash(agreement);
    const fromMs = Date.parse(agreement.from);
    const ended = await reader.ended(site, startMs, endMs);
    const counting = ended.filter((event) => !event.overridden && event.agreement === terms);
    const events: FlexibilityEvents = [];
    for (const event of counting) {
      const found = await reader.evidenceOf(event, agreement.timezone);
      if (found === "missing" && !isLate(endMs)) return "missing";
      const problem = typeof found === "string" ? found : problemOf([...events, found], { startMs, endMs, fromMs });
      if (problem !== undefined) log.warn({ site, plan: event.plan, problem }, "event without a reward");
      else if (typeof found !== "string" && !(isForgiven(event, ended, agreement) && flexibilityEarned([found]) < 0n))
        events.push(found);
    }
    return events;
  };
  const reckon = async (day: Slot): Promise<void> => {
    const done = await store.rewards(null, day.startMs, day.startMs + 1);
    const homes = homesOf(day).filter(({ site }) => !done.some((reward) => reward.site === site));
    const tooLate = done.some(({ endMs }) => endMs === day.endMs);
    if (tooLate) log.warn({ sites: homes.length, day: iso(day.startMs) }, "homes joined a day that is reckoned already");
    const found: FlexibilityEvents[] = [];
    for (const home of homes) {
      const events = tooLate ? [] : await eventsOf(home, day);
      if (events === "missing") return;
      found.push(events);
    }
    const account = tooLate || homes.length === 0 ? [] : await dayIncome(income, day, isLate(day.endMs));
    if (account === null) return;
    const { fundedPpm, rewards } = dayRewards(
      homes.map(({ site, rule }, index) => ({ site, rule, events: found[index] ?? [] })),
      account.reduce((sum, { micro }) => sum + micro, 0n),
    );
    const kept = homes.map(({ site, agreement }, index): StoredReward => {
      const events = found[index] ?? [];
      const { earned = 0n, amount = 0n } = rewards[index] ?? {};
      const evidence = events.length === 0 ? null : { fundedPpm, events };
      return { site, ...day, agreement: agreementHash(agreement), earned, amount, evidence };
    });
    await store.addRewards(kept, clock.now(), account);
  };
  let turn: Promise<unknown> = Promise.resolve();
  return {
    async rewardOf(site, { startMs, endMs }) {
      const known = await store.rewardOf(site, startMs);
      if (known) return known;
      // One day after the other: homes of one day ask at about the same time.
      const mine = turn.then(async () => {
        if (!(await store.rewardOf(site, startMs))) await reckon({ startMs, endMs });
      });
      turn = mine.catch(() => undefined);
      await mine;
      return store.rewardOf(site, startMs);
    },
  };
}

/** Whether an event costs the home nothing: safety stood above it, or control went beyond what was agreed. */
function isForgiven(event: FlexEvent, ended: readonly FlexEvent[], agreement: Agreement): boolean {
  const before = ended.filter(({ startMs, plan }) => startMs < event.startMs || (startMs === event.startMs && plan < event.plan));
  // It began within the hours, or not at all: energy is made up for after them.
  const began = { ...event, endMs: event.startMs + 1 };
  const terms = controlTerms(agreement);
  return event.excused || (terms !== null && beyondControl(terms, began, before) !== undefined);
}

/** Why events cannot stand in one record together; undefined where they can. */
function problemOf(events: FlexibilityEvents, bounds: Parameters<typeof checkFlexibility>[1]): string | undefined {
  if (!FlexibilityEvidence.safeParse({ fundedPpm: 0, events }).success) return "too many events or slots";
  try {
    checkFlexibility({ events }, bounds);
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error.message;
    throw error;
  }
}
