import { iso } from "../../core/clock/clock.ts";
import type { FlexEvent, PlanAnswer } from "../store/event-store.ts";
import type { StoredReward } from "../store/reward-store.ts";

/** An event as people and programs see it. */
export interface EventView extends Pick<FlexEvent, "site" | "plan" | "resource" | "agreement" | "meter" | "baseline" | "powerW"> {
  start: string;
  end: string;
  /** Whether it counts, and if not, why. */
  state: "counts" | "overridden" | "excused" | "refused" | "unanswered";
}

/** A reward likewise; money in micro-units as text. */
export interface RewardView extends Pick<StoredReward, "site" | "agreement"> {
  start: string;
  end: string;
  earned: string;
  amount: string;
  fundedPpm: number | null;
  plans: string[];
}

/** @param answer what the home said to the event's plan */
export function viewEvent({ startMs, endMs, overridden, excused, ...event }: FlexEvent, answer: PlanAnswer): EventView {
  const taken = answer === "ACCEPTED" ? (overridden ? "overridden" : excused ? "excused" : "counts") : null;
  const state = taken ?? (answer === "REJECTED" ? "refused" : "unanswered");
  return { ...event, start: iso(startMs), end: iso(endMs), state };
}

export function viewReward({ site, agreement, startMs, endMs, earned, amount, evidence }: StoredReward): RewardView {
  return {
    site,
    agreement,
    start: iso(startMs),
    end: iso(endMs),
    earned: String(earned),
    amount: String(amount),
    fundedPpm: evidence?.fundedPpm ?? null,
    plans: evidence?.events.map(({ plan }) => plan) ?? [],
  };
}
