import { AppError } from "../../core/app-error.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";

/** Appliances of one home that anything is kept of: a contract names no more, either. */
export const mostResources = 64;

/**
 * Lets through what concerns an appliance that a home has told of before, or one of its first ones: each is kept, and planned,
 * for as long as the home is there.
 * @throws AppError intake-too-many-resources
 */
export type DemandResource = (site: string, resource: string) => Promise<void>;

/** What is in the store counts from the first message of a home on. */
export function resourceNames(store: Pick<AggregatorStore, "resources" | "statuses">): DemandResource {
  const known = new Map<string, Set<string>>();
  const namesOf = async (site: string): Promise<Set<string>> => {
    const [resources, statuses] = [await store.resources(site), await store.statuses(site)];
    const names = new Set([...resources, ...statuses].map(({ resource }) => resource));
    known.set(site, names);
    return names;
  };
  return async (site, resource) => {
    const names = known.get(site) ?? (await namesOf(site));
    if (names.has(resource)) return;
    if (names.size >= mostResources)
      throw new AppError(
        "intake-too-many-resources",
        `"${resource}" would be appliance ${names.size + 1} of ${site}, at most ${mostResources} are kept`,
      );
    names.add(resource);
  };
}
