import { lastLocalTime, localTimeOf, nextLocalTime, type Slot } from "../../core/slots.ts";
import type { Agreement, Control } from "../../settlement/record/agreement.ts";

/** How far a household has agreed to be controlled. */
export interface ControlTerms {
  control: Control;
  /** IANA zone of hours and service days. */
  timezone: string;
  /** Local time at which service days begin. */
  dayStart: string;
}

/** The limits of control of an agreement; null where its rule names none. */
export function controlTerms({ reward, timezone, from }: Agreement): ControlTerms | null {
  if (reward.kind !== "flexibility") return null;
  return { control: reward.control, timezone, dayStart: localTimeOf(Date.parse(from), timezone) };
}

/**
 * Why control of a resource would go beyond what the household agreed to; undefined where it does not. What was controlled
 * all the same is rewarded all the same: the limits bind who controls, not what is owed. Pure.
 * @param begun events of the home that began already
 */
export function beyondControl(
  terms: ControlTerms,
  wanted: Slot & { resource: string },
  begun: readonly Slot[],
): string | undefined {
  const { resources, eventsPerDay, hoursPerDay, hours } = terms.control;
  const { resource, startMs, endMs } = wanted;
  if (!resources.includes(resource)) return `${resource} is not among the resources that may be controlled`;
  const dayMs = serviceDayStart(terms, startMs);
  const today = begun.filter((event) => serviceDayStart(terms, event.startMs) === dayMs);
  if (today.length >= eventsPerDay) return `${today.length} events began on this service day, at most ${eventsPerDay} may`;
  const takenMs = [...today, wanted].reduce((sum, event) => sum + event.endMs - event.startMs, 0);
  if (hoursPerDay !== undefined && takenMs > hoursPerDay * 3_600_000)
    return `events of this service day would last ${(takenMs / 3_600_000).toFixed(2)} h, at most ${hoursPerDay} h may`;
  if (isAgreedTime(terms, { startMs, endMs })) return undefined;
  return `control is agreed from ${hours.from} until ${hours.until} only`;
}

/** Whether a time lies within the agreed hours. Pure. */
export function isAgreedTime({ control: { hours }, timezone }: ControlTerms, { startMs, endMs }: Slot): boolean {
  if (hours.from === hours.until) return true;
  return endMs <= nextLocalTime(hours.until, timezone, lastLocalTime(hours.from, timezone, startMs));
}

/** The next instant after `atMs` at which the agreed hours begin or end, ms; Infinity where they never do. */
export function nextAgreedEdge({ control: { hours }, timezone }: ControlTerms, atMs: number): number {
  if (hours.from === hours.until) return Infinity;
  return Math.min(nextLocalTime(hours.from, timezone, atMs), nextLocalTime(hours.until, timezone, atMs));
}

/** Start of the service day that an instant lies in, ms. */
export const serviceDayStart = ({ dayStart, timezone }: ControlTerms, atMs: number): number =>
  lastLocalTime(dayStart, timezone, atMs);
