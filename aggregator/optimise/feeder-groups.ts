import { localTimeOf } from "../../core/slots.ts";
import type { FeederConfig } from "../config/aggregator-config.ts";
import type { Control } from "../dispatch/control.ts";

/** Homes that are planned together: those of one feeder, and of all feeders that share a home with it; or one on no feeder. */
export interface FeederGroup {
  /** Of its feeders, in the order of the configuration; of the home that stands on none. */
  name: string;
  feeders: readonly FeederConfig[];
  sites: readonly string[];
}

/** Feeders that share homes, directly or through others, in one group each. */
export function feederGroups(feeders: readonly FeederConfig[]): FeederGroup[] {
  let groups: FeederConfig[][] = [];
  for (const feeder of feeders) {
    const touches = (group: readonly FeederConfig[]): boolean =>
      group.some(({ sites }) => sites.some((site) => feeder.sites.includes(site)));
    groups = [...groups.filter((group) => !touches(group)), [...groups.filter(touches).flat(), feeder]];
  }
  return groups.map((group) => ({
    name: group.map(({ name }) => name).join("+"),
    feeders: group,
    sites: [...new Set(group.flatMap(({ sites }) => sites))],
  }));
}

/**
 * What a feeder may import in a slot that starts at an instant, W: by the configuration and, while it lasts, by the contract with
 * its grid operator, whichever is less.
 */
export function limitAt({ importLimitW, day, timezone, grid }: FeederConfig, startMs: number): number {
  const own = timeOf(day, localTimeOf(startMs, timezone))?.importLimitW ?? importLimitW;
  if (!grid || startMs < Date.parse(grid.from) || startMs >= Date.parse(grid.until)) return own;
  const agreed = timeOf(grid.terms.day, localTimeOf(startMs, grid.timezone))?.importLimitW ?? grid.terms.importLimitW;
  return Math.min(own, agreed);
}

/** What is left of it by operators' words, too, W. */
export const roomAt = (feeder: FeederConfig, startMs: number, control: Pick<Control, "limitW">): number =>
  Math.min(limitAt(feeder, startMs), control.limitW(feeder.name, startMs));

/** The first of some hours that holds a local time; over midnight where they end earlier than they begin. */
export function timeOf<Hours extends { from: string; until: string }>(day: readonly Hours[], time: string): Hours | undefined {
  return day.find(({ from, until }) => (from < until ? from <= time && time < until : from <= time || time < until));
}
