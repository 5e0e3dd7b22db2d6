import { lastLocalTime, nextLocalTime, type Slot } from "../../core/slots.ts";
import type { Control } from "../../settlement/record/agreement.ts";

/**
 * Why control of a resource would go beyond what the household agreed to; undefined where it does not. What was controlled
 * all the same is rewarded all the same: the limits bind who controls, not what is owed. Pure.
 * @param begun events that began in the same service day already
 */
export function beyondControl(
  { resources, hours, eventsPerDay }: Control,
  timezone: string,
  wanted: Slot & { resource: string },
  begun: number,
): string | undefined {
  const { resource, startMs, endMs } = wanted;
  if (!resources.includes(resource)) return `${resource} is not among the resources that may be controlled`;
  if (begun >= eventsPerDay) return `${begun} events began on this service day, at most ${eventsPerDay} may`;
  if (hours.from === hours.until) return undefined;
  const openedMs = lastLocalTime(hours.from, timezone, startMs);
  return endMs <= nextLocalTime(hours.until, timezone, openedMs)
    ? undefined
    : `control is agreed from ${hours.from} until ${hours.until} only`;
}
