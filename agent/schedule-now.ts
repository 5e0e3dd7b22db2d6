import { z } from "zod";
import { iso, type Clock } from "../core/clock/clock.ts";
import { Instant } from "../core/message/fields.ts";
import type { AgentConfig } from "./config/agent-config.ts";
import type { ControlLoop } from "./control-loop.ts";
import { isPrompt } from "./guard/rest.ts";
import type { HouseWatch } from "./house-now.ts";
import { authorities, type PlanInput } from "./plan/intent.ts";
import { scheduleOf, type ScheduleSpan } from "./plan/schedule.ts";

const Span = z.object({
  from: Instant,
  until: Instant,
  mode: z.string(),
  /** What the mode lets it draw at most, W. */
  powerW: z.number(),
  authority: z.enum(authorities),
  reason: z.string(),
  /** The increase at its beginning waits so long: the delay drawn for that slot. Null where nothing waits. */
  delayS: z.int().nullable(),
});

/** What every appliance is to do over the next day, as `smart-mla schedule` shows it. */
export const AgentSchedule = z.object({
  site: z.string(),
  timezone: z.string(),
  at: Instant,
  until: Instant,
  appliances: z.array(
    z.object({
      name: z.string(),
      /** How it stands at present, and why: the guard's word, which is above the plan. */
      now: z.object({ mode: z.string(), powerW: z.number(), authority: z.enum(authorities), reason: z.string() }),
      spans: z.array(Span),
    }),
  ),
});
export type AgentSchedule = z.infer<typeof AgentSchedule>;

const dayMs = 24 * 3_600_000;

/** Reads it from the parts that know it. */
export function agentSchedule(parts: {
  config: AgentConfig;
  clock: Clock;
  loop: Pick<ControlLoop, "now">;
  known: Omit<PlanInput, "nowMs" | "needs">;
  delays: ReturnType<HouseWatch["delays"]>;
}): AgentSchedule {
  const { config, delays } = parts;
  const nowMs = parts.clock.now();
  const standing = parts.loop.now();
  const delayS = (span: ScheduleSpan, before: ScheduleSpan | undefined): number | null => {
    const isIncrease = before !== undefined && span.setting.powerW > before.setting.powerW;
    if (!isIncrease || isPrompt(span.authority)) return null;
    const slot = Math.floor((span.fromMs - Date.parse(delays.start)) / (delays.stepS * 1000));
    return delays.delaysS[slot] ?? null;
  };
  return {
    site: config.site.name,
    timezone: config.site.timezone,
    at: iso(nowMs),
    until: iso(nowMs + dayMs),
    appliances: config.appliances.flatMap((appliance) => {
      const now = standing.find(({ resource }) => resource === appliance.name);
      if (!now) return [];
      const spans = scheduleOf({ ...appliance, resource: appliance.name }, parts.known, nowMs, nowMs + dayMs);
      return [
        {
          name: appliance.name,
          now: { ...now.setting, authority: now.authority, reason: now.reason },
          spans: spans.map((span, index) => ({
            from: iso(span.fromMs),
            until: iso(span.untilMs),
            ...span.setting,
            authority: span.authority,
            reason: span.reason,
            delayS: delayS(span, spans[index - 1]),
          })),
        },
      ];
    }),
  };
}
