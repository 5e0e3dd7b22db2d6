import type { ResourceStatus } from "../../core/message/resource.ts";
import type { Slot } from "../../core/slots.ts";
import type { Control } from "../dispatch/control.ts";
import type { HomeWatch } from "../optimise/home-watch.ts";
import type { ReadHome } from "../optimise/read-home.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";

/** Appliances of a home that an offer moves. */
export interface Reliance {
  site: string;
  resources: readonly string[];
}

/** The limit of a feeder in each slot of its day when an offer was made, W; Infinity: none. */
export interface ReliedLimit {
  feeder: string;
  slots: readonly { startMs: number; limitW: number }[];
}

/** On what the offers of a session rest. */
export interface Relied {
  homes: readonly Reliance[];
  limits: readonly ReliedLimit[];
}

/** Where offers stand that were made by what was read before, and more are made by what was read now. */
export function relyingOnBoth(before: Relied | null, now: Relied): Relied {
  if (!before) return now;
  const homes = new Map([...before.homes, ...now.homes].map((home) => [`${home.site} ${home.resources.join(" ")}`, home]));
  const limits = new Map(before.limits.map((limit) => [limit.feeder, limit]));
  for (const limit of now.limits) limits.set(limit.feeder, looserOf(limits.get(limit.feeder), limit));
  return { homes: [...homes.values()], limits: [...limits.values()] };
}

/** Some offers may use up the room of the one, some that of the other. */
function looserOf(one: ReliedLimit | undefined, { feeder, slots }: ReliedLimit): ReliedLimit {
  const before = new Map(one?.slots.map(({ startMs, limitW }) => [startMs, limitW]));
  return {
    feeder,
    slots: slots.map(({ startMs, limitW }) => ({ startMs, limitW: Math.max(limitW, before.get(startMs) ?? -Infinity) })),
  };
}

/** What an offer must not rest on any more, and why. */
export type Lost = { site: string; why: string } | { feeder: string; why: string };

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

/** The limits that hold of a feeder in the slots of a day. */
export const limitOf = (feeder: string, day: readonly Pick<Slot, "startMs">[], room: Pick<Control, "limitW">): ReliedLimit => ({
  feeder,
  slots: day.map(({ startMs }) => ({ startMs, limitW: room.limitW(feeder, startMs) })),
});

/** Whether a feeder has less in a slot than it had when the offer was made. */
export const isTightened = ({ feeder, slots }: ReliedLimit, room: Pick<Control, "limitW">): boolean =>
  slots.some(({ startMs, limitW }) => room.limitW(feeder, startMs) < limitW);

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
