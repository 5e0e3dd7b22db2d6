import { iso } from "../../core/clock/clock.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import type { Demand } from "../../core/message/resource.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import { greedyPlan } from "../../planner/greedy-plan.ts";
import { priceBook } from "../../planner/price-book.ts";
import { draws } from "../guard/guarded-appliance.ts";
import type { Planned } from "./intent.ts";

/** What the house plans by itself with. */
export interface LocalPlanInput {
  appliances: readonly (Planned & { demand: Demand | null })[];
  /** In order of announcement. */
  prices: readonly PriceSeries[];
  /** Already given in the demand window under way, Wh. */
  deliveredWh: (resource: string) => number;
  nowMs: number;
  slotMinutes: number;
  zone: string;
  maxImportW: number;
}

const horizonMs = 36 * 3_600_000;
/** What else the house may draw, W: a plan without a history keeps this free. */
const baseW = 1500;
/** Instructions of the house to itself need no id of their own. */
const noId = "00000000-0000-4000-8000-000000000000";

/**
 * The house's own plan for when nobody else has one: the cheapest slots before each deadline, by the prices that are known.
 * Empty without prices. Pure.
 */
export function localPlan(input: LocalPlanInput): Map<string, InstructionList> {
  const { nowMs, zone } = input;
  const slots = priceBook(input.prices).slots(nowMs, nowMs + horizonMs, input.slotMinutes);
  const wanted = input.appliances.flatMap((appliance) => (appliance.demand ? [{ ...appliance, demand: appliance.demand }] : []));
  if (slots.length === 0) return new Map();
  const { spans } = greedyPlan(
    slots,
    wanted.map(({ resource, modes, demand }) => ({
      resource,
      powerW: modes.at(-1)?.maxW ?? 0,
      demand,
      timezone: zone,
      deliveredWh: input.deliveredWh(resource),
    })),
    slots.map(() => input.maxImportW - baseW),
  );
  return new Map(
    wanted.map((appliance) => [
      appliance.resource,
      {
        plan: noId,
        resource: appliance.resource,
        instructions: (spans.get(appliance.resource) ?? []).map(({ startMs, endMs, on, reason }) => ({
          id: noId,
          executionTime: iso(startMs),
          validUntil: iso(endMs),
          operationModeId: modeOf(appliance, on),
          reason: `own plan: ${reason}`,
        })),
      },
    ]),
  );
}

/** On is how it rests where it draws then, such as SG-Ready's normal, else its most. */
function modeOf({ modes, safe, least }: Planned, on: boolean): string {
  if (!on) return least.mode;
  return draws(safe) ? safe.mode : (modes.at(-1)?.id ?? safe.mode);
}
