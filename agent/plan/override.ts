import { z } from "zod";
import { Name } from "../../core/message/fields.ts";
import { OverrideMode } from "../../core/message/resource.ts";

/** What the resident wants of one appliance. Stands above comfort, aggregator and plan, and below the fuse and the grid's limit. */
export const Override = z.object({
  resource: Name,
  mode: OverrideMode,
  /** From and until when, wall clock, ms since 1970. */
  fromMs: z.int(),
  untilMs: z.int(),
  /** Only of hold: what somebody has set at the device itself. */
  setting: z.object({ mode: z.string(), powerW: z.number() }).optional(),
});
export type Override = z.infer<typeof Override>;

/**
 * The override of an appliance at an instant: the newest that has not ended. Each begins when it is given: one that seems to
 * begin later was given before the clock was set back, and is in force.
 */
export function overrideAt(overrides: readonly Override[], resource: string, nowMs: number): Override | undefined {
  let found: Override | undefined;
  for (const one of overrides)
    if (one.resource === resource && nowMs < one.untilMs && (!found || one.fromMs >= found.fromMs)) found = one;
  return found;
}
