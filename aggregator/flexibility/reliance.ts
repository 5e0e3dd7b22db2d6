import type { ResourceStatus } from "../../core/message/resource.ts";
import type { Control } from "../dispatch/control.ts";
import type { HomeWatch } from "../optimise/home-watch.ts";
import type { ReadHome } from "../optimise/read-home.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";

/** Appliances of a home that an offer moves. */
export interface Reliance {
  site: string;
  resources: readonly string[];
}

/** What is known of homes. */
export interface Attending {
  store: Pick<AggregatorStore, "resources" | "statuses">;
  control: Pick<Control, "wordFor">;
  attendance: Pick<HomeWatch, "isAway" | "isWilling">;
}

/** What an offer of a home's problem rests on; of what follows its resident then nothing is expected anyway. */
export function relianceOf({ site, parts, facts }: Pick<ReadHome, "site" | "parts" | "facts">, fromMs: number): Reliance {
  const names = new Set(parts.map(({ resource }) => resource.resource));
  return { site, resources: [...names].filter((name) => saidOtherwise(facts.statuses.get(name), fromMs) === undefined) };
}

/** Why a home will not do what is asked of it from an instant on, as far as memory knows; undefined where it will. */
export function goneFrom(
  { site, resources }: Reliance,
  fromMs: number,
  { control, attendance }: Pick<Attending, "control" | "attendance">,
): string | undefined {
  if (attendance.isAway(site)) return "away";
  const word = control.wordFor(site);
  if (word && !(word.word === "reduce" && word.untilMs <= fromMs)) return word.word;
  return resources.every((name) => attendance.isWilling(site, name)) ? undefined : "refuses its plans";
}

/** The same by what its gateway has told of its appliances: it has taken its data back, or its resident wants something else then. */
export async function changedFrom(
  { site, resources }: Reliance,
  fromMs: number,
  { store }: Pick<Attending, "store">,
): Promise<string | undefined> {
  const described = new Set((await store.resources(site)).map(({ resource }) => resource));
  if (resources.some((name) => !described.has(name))) return "not described any more";
  const statuses = new Map((await store.statuses(site)).map((status) => [status.resource, status]));
  return resources.map((name) => saidOtherwise(statuses.get(name), fromMs)).find((why) => why !== undefined);
}

function saidOtherwise(status: ResourceStatus | undefined, fromMs: number): string | undefined {
  if (status?.alarm !== undefined) return "alarm";
  const { cause, until } = status?.override ?? {};
  if (cause !== "user" && cause !== "hand") return undefined;
  return until === null || until === undefined || Date.parse(until) > fromMs ? "override" : undefined;
}
