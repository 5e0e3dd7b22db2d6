import type { FeederConfig } from "../config/aggregator-config.ts";
import { feederGroups } from "../optimise/feeder-groups.ts";

/** Homes that stand on no feeder are shared out in so many parts. */
const parts = 8;

/** Pieces in which the homes are shared among workers, by name: homes that are planned together are never parted. */
export function shards(sites: readonly string[], feeders: readonly FeederConfig[]): Map<string, string[]> {
  const shardOf = new Map(
    feederGroups(feeders).flatMap((group) => group.sites.map((site) => [site, `feeder ${group.name}`] as const)),
  );
  const found = new Map<string, string[]>();
  for (const site of sites) {
    const name = shardOf.get(site) ?? `homes ${partOf(site)}`;
    found.set(name, [...(found.get(name) ?? []), site]);
  }
  return new Map([...found].toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

function partOf(site: string): number {
  let hash = 0;
  for (const char of site) hash = (Math.imul(hash, 31) + (char.codePointAt(0) ?? 0)) >>> 0;
  return hash % parts;
}
