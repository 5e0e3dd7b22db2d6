import { localTimeOf } from "../../core/slots.ts";
import type { FeederConfig } from "../config/aggregator-config.ts";

/** Homes that are planned together: those of one feeder, and of all feeders that share a home with it. */
export interface FeederGroup {
  /** Of its feeders, in the order of the configuration. */
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

/** What a feeder may import in a slot that starts at an instant, W. */
export function limitAt({ importLimitW, day, timezone }: FeederConfig, startMs: number): number {
  const time = localTimeOf(startMs, timezone);
  const found = day.find(({ from, until }) => (from < until ? from <= time && time < until : from <= time || time < until));
  return found?.importLimitW ?? importLimitW;
}
