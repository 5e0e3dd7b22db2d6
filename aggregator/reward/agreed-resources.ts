import type { Slot } from "../../core/slots.ts";
import { demandWindows, windowAt } from "../../planner/demand-window.ts";
import type { PlannedResource } from "../optimise/resource-modes.ts";
import { beyondControl, isAgreedTime, type ControlTerms } from "./beyond-control.ts";

/** A time in which a resource is, or was, under control. */
export interface ControlledTime extends Slot {
  resource: string;
}

/** What a home may be asked for by its contract. */
export interface AgreedHome {
  /** Resources that may be controlled, with what their contract asks for beside their own wishes. */
  resources: PlannedResource[];
  /** Whether a resource may be controlled in a slot: within the agreed hours, and as often and as long as agreed. */
  mayControl(resource: string, slot: Slot): boolean;
}

/**
 * A home's resources as its contract lets them be controlled. Of the demand windows ahead those come first that want most; what
 * is beyond the number or the hours of a day is left to the home. Pure.
 * @param terms null: the contract has no limits
 * @param begun events of the home that have begun
 */
export function agreedHome(
  resources: readonly PlannedResource[],
  terms: ControlTerms | null,
  { begun, nowMs, untilMs }: { begun: readonly ControlledTime[]; nowMs: number; untilMs: number },
): AgreedHome {
  if (!terms) return { resources: [...resources], mayControl: () => true };
  const agreed = resources
    .filter(({ resource }) => terms.control.resources.includes(resource))
    .map((resource) => tightened(resource, terms));
  const taken: ControlledTime[] = [...begun];
  const windows: ControlledTime[] = [];
  for (const wanted of wantedWindows(agreed, terms, nowMs, untilMs)) {
    const runs = begun.some(({ resource, startMs, endMs }) => {
      return resource === wanted.resource && startMs < wanted.endMs && wanted.startMs < endMs;
    });
    if (!runs && beyondControl(terms, wanted, taken) !== undefined) continue;
    windows.push(wanted);
    if (!runs) taken.push(wanted);
  }
  const byName = new Map(agreed.map((resource) => [resource.resource, resource]));
  return {
    resources: agreed,
    mayControl(name, slot) {
      const demand = byName.get(name)?.demand;
      if (!demand || !isAgreedTime(terms, slot)) return false;
      if (demand.kind === "energy")
        return windows.some(({ resource, startMs, endMs }) => resource === name && startMs < slot.endMs && slot.startMs < endMs);
      // A block of one slot at least must be left of the day.
      return beyondControl(terms, { resource: name, ...slot }, taken) === undefined;
    },
  };
}

/** The demand windows ahead as far as they lie within the agreed hours, those of the resource that wants most first. */
function wantedWindows(
  resources: readonly PlannedResource[],
  terms: ControlTerms,
  nowMs: number,
  untilMs: number,
): ControlledTime[] {
  const energyOf = ({ demand }: PlannedResource): number => (demand.kind === "energy" ? demand.energyWh : 0);
  return resources
    .toSorted((one, other) => energyOf(other) - energyOf(one))
    .flatMap(({ resource, demand, timezone }) => {
      if (demand.kind !== "energy") return [];
      return demandWindows(demand, timezone, nowMs, untilMs + dayMs).flatMap(({ fromMs, readyMs }) => {
        const within = agreedPart({ startMs: Math.max(fromMs, nowMs), endMs: readyMs }, terms);
        return within && within.startMs < untilMs ? [{ resource, ...within }] : [];
      });
    });
}

const dayMs = 24 * 3_600_000;
const stepMs = 5 * 60_000;

/** The first part of a time that lies within the agreed hours, to five minutes. */
export function agreedPart({ startMs, endMs }: Slot, terms: ControlTerms): Slot | null {
  const isAgreed = (atMs: number): boolean => isAgreedTime(terms, { startMs: atMs, endMs: Math.min(endMs, atMs + stepMs) });
  let fromMs = startMs;
  while (fromMs < endMs && !isAgreed(fromMs)) fromMs += stepMs;
  let untilMs = fromMs;
  while (untilMs < endMs && isAgreed(untilMs)) untilMs = Math.min(endMs, untilMs + stepMs);
  return fromMs < untilMs ? { startMs: fromMs, endMs: untilMs } : null;
}

/**
 * Resources whose windows are cut to the agreed hours, for a planner that knows no hours of its own; those without a common time
 * are left out. Pure.
 */
export function inAgreedHours(resources: readonly PlannedResource[], { control: { hours } }: ControlTerms): PlannedResource[] {
  if (hours.from === hours.until) return [...resources];
  const isIn = (time: string, from: string, until: string): boolean =>
    from < until ? from <= time && time < until : from <= time || time < until;
  return resources.flatMap((resource) => {
    const { demand } = resource;
    if (demand.kind === "block") return [resource];
    const notBefore = isIn(demand.notBefore, hours.from, hours.until) ? demand.notBefore : hours.from;
    if (!isIn(notBefore, demand.notBefore, demand.readyBy)) return [];
    const readyBy = isIn(hours.until, notBefore, demand.readyBy) ? hours.until : demand.readyBy;
    return [{ ...resource, demand: { ...demand, notBefore, readyBy } }];
  });
}

/** A contract may ask for more comfort than the household's wishes do, and never for less. */
function tightened(resource: PlannedResource, { control }: ControlTerms): PlannedResource {
  const bound = control.comfort?.find((one) => one.resource === resource.resource);
  if (!bound) return resource;
  const { demand } = resource;
  if (demand.kind === "block") {
    const maxBlockS = Math.min(demand.maxBlockS, bound.maxBlockS ?? Infinity);
    return { ...resource, demand: { ...demand, maxBlockS } };
  }
  if (bound.readyBy === undefined || bound.readyBy === demand.notBefore) return resource;
  // Earlier where that lies in the window: after it opens and before it closes.
  const closes = windowAt({ ...demand, notBefore: demand.notBefore }, "UTC", utcAt(bound.readyBy));
  return closes ? { ...resource, demand: { ...demand, readyBy: bound.readyBy } } : resource;
}

/** Some instant at which clocks in UTC show a time. */
const utcAt = (time: string): number => Date.parse(`2026-01-05T${time}:00Z`);
