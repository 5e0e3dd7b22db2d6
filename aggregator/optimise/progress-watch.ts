import type { InstructionList } from "../../core/message/instruction.ts";
import type { Resource, ResourceStatus } from "../../core/message/resource.ts";
import { instructedW } from "./resource-modes.ts";

/** Tells when an appliance got something else than what was planned. */
export interface ProgressWatch {
  /** A list was given, with what the appliance had got then, Wh; not a number where nobody knows. */
  given(site: string, list: InstructionList, deliveredWh: number, nowMs: number): void;
  /**
   * Energy beyond (below 0: short of) what was planned since then, Wh; null where it is near enough or not known. What was told
   * once is not told again: it counts from there on.
   */
  off(site: string, resource: Resource, status: ResourceStatus, nowMs: number): number | null;
}

/** Up to this is near enough: starts wait, thermostats rest, Wh. */
const nearWh = 1000;
/** And so is this share of what is wanted. */
const nearShare = 0.25;
const stepMs = 60_000;

/** Nothing is known at first. */
export function progressWatch(): ProgressWatch {
  const begun = new Map<string, { list: InstructionList; deliveredWh: number; atMs: number }>();
  return {
    given: (site, list, deliveredWh, atMs) => void begun.set(`${site}/${list.resource}`, { list, deliveredWh, atMs }),
    off(site, resource, { deliveredWh, at }, nowMs) {
      const from = begun.get(`${site}/${resource.resource}`);
      // A home's clock may be wrong by years: what it says of now was so now at the latest.
      const atMs = Math.min(nowMs, Date.parse(at));
      if (!from || deliveredWh === undefined || resource.demand?.kind !== "energy") return null;
      // From before the list, or by a clock that is behind.
      if (atMs < from.atMs) return null;
      // A new window has begun, or it was not known what the old one had.
      if (!(deliveredWh >= from.deliveredWh)) {
        Object.assign(from, { deliveredWh, atMs });
        return null;
      }
      const plannedWh = plannedBetween(resource, from.list, from.atMs, atMs);
      const offWh = Math.round(deliveredWh - from.deliveredWh - plannedWh);
      if (Math.abs(offWh) <= Math.max(nearWh, resource.demand.energyWh * nearShare)) return null;
      Object.assign(from, { deliveredWh, atMs });
      return offWh;
    },
  };
}

/** To the minute. */
function plannedBetween(resource: Resource, list: InstructionList, fromMs: number, untilMs: number): number {
  let wh = 0;
  for (let atMs = fromMs; atMs < untilMs; atMs += stepMs)
    wh += (Math.max(0, instructedW(resource, list, atMs) ?? 0) * Math.min(stepMs, untilMs - atMs)) / 3_600_000;
  return wh;
}
