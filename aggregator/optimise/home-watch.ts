import type { Clock } from "../../core/clock/clock.ts";
import type { InstructionAck } from "../../core/message/instruction.ts";
import type { SiteState } from "../../core/message/resource.ts";

/** Which homes are there, and which appliances follow what they are told. */
export interface HomeWatch {
  /** What a home said, or its broker for it. @returns whether it was away and is back */
  state(site: string, state: SiteState["state"]): boolean;
  /** It has not been heard of for a while: it follows what it was told, and hears nothing new. */
  isAway(site: string): boolean;
  /** How long until it counts as away unless it is heard of, ms; 0 where it does, undefined where it is there. */
  untilAwayMs(site: string): number | undefined;
  answer(site: string, ack: Pick<InstructionAck, "resource" | "status">): void;
  /** False for an appliance whose lists were rejected again and again: nothing is asked of it for some hours. */
  isWilling(site: string, resource: string): boolean;
}

/** A shorter absence is a lost connection, and no reason for another plan. */
export const awayMs = 5 * 60_000;
const mostRejections = 3;
const unwillingMs = 6 * 3_600_000;

/** All are there and willing at first. */
export function homeWatch(clock: Pick<Clock, "monotonicMs">): HomeWatch {
  const goneMs = new Map<string, number>();
  const rejected = new Map<string, { times: number; lastMs: number }>();
  const isAway = (site: string): boolean => clock.monotonicMs() - (goneMs.get(site) ?? Infinity) >= awayMs;
  return {
    state(site, state) {
      const wasAway = isAway(site);
      if (state === "ready") goneMs.delete(site);
      else if (!goneMs.has(site)) goneMs.set(site, clock.monotonicMs());
      return wasAway && state === "ready";
    },
    isAway,
    untilAwayMs(site) {
      const since = goneMs.get(site);
      return since === undefined ? undefined : Math.max(0, since + awayMs - clock.monotonicMs());
    },
    answer(site, { resource, status }) {
      const key = `${site}/${resource}`;
      if (status === "ACCEPTED") rejected.delete(key);
      else rejected.set(key, { times: (rejected.get(key)?.times ?? 0) + 1, lastMs: clock.monotonicMs() });
    },
    isWilling(site, resource) {
      const found = rejected.get(`${site}/${resource}`);
      return !found || found.times < mostRejections || clock.monotonicMs() - found.lastMs >= unwillingMs;
    },
  };
}
