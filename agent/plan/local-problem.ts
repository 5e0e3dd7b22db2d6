import { instructionAt } from "../../core/instruction-at.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import { priceAt } from "../../core/message/price-series.ts";
import { priceBook } from "../../planner/price-book.ts";
import type { PricedSlot } from "../../planner/greedy-plan.ts";
import { Problem } from "../../planner/problem.ts";
import { tradedSeries } from "../../planner/traded-series.ts";
import { demandParts } from "./demand-parts.ts";
import { settingOf } from "./intent.ts";
import type { LocalAppliance, LocalPlanInput } from "./local-input.ts";
import { overrideAt } from "./override.ts";
import { overriddenW } from "./overridden-power.ts";
import { gapped, type PartOfProblem, type ProblemPart } from "./problem-part.ts";
import { storePart } from "./store-part.ts";

const horizonMs = 36 * 3_600_000;

/** The slots that a plan of this moment is made for: as far as prices are known. */
export function pricedSlots({ prices, nowMs, slotMinutes }: LocalPlanInput): PricedSlot[] {
  return priceBook(prices).slots(nowMs, nowMs + horizonMs, slotMinutes);
}

/** The house's own planning problem: its demands and stores as far as prices are known. Undefined without either. */
export function localProblem(
  input: LocalPlanInput,
  slots: readonly PricedSlot[],
): { problem: Problem; parts: readonly ProblemPart[] } | undefined {
  if (slots.length === 0) return undefined;
  const importPrice = slots.map(({ microPerKwh }) => plannable(microPerKwh));
  const meanPrice = importPrice.reduce((sum, price) => sum + price, 0) / importPrice.length;
  const baseW = [...input.forecast.baseW(slots)];
  const parts = input.appliances.flatMap((appliance): PartOfProblem[] => {
    const kept = keptByResident(appliance, input, slots, baseW);
    if (kept.slots === 0) {
      const store = storePart(appliance, input, slots, meanPrice);
      if (store) return [store];
    }
    return demandParts(appliance, input, slots, kept);
  });
  const exportPrice = exportPrices(input, slots);
  const tariff = { importPerKwh: importPrice, exportPerKwh: exportPrice };
  const traded = input.traded && tradedSeries(slots, input.traded, tariff, plannable);
  const curtails = input.appliances.some(({ model }) => model?.kind === "pv");
  if (parts.length === 0 && !curtails) return undefined;
  const problem = Problem.parse({
    slot_minutes: input.slotMinutes,
    slots: slots.length,
    import_price_per_kwh: importPrice,
    export_price_per_kwh: exportPrice,
    ...(traded && { traded }),
    base_load_w: gapped(baseW),
    pv_w: gapped(input.forecast.pvW(slots)),
    pv_curtailable: curtails,
    grid: { import_limit_w: input.maxImportW },
    ...(input.peak && { capacity_charge: { price_per_kw: input.peak.pricePerKw, already_peak_w: input.peak.paidW } }),
    appliances: parts.map(({ appliance }) => appliance),
    ...(input.previous && {
      previous: previousOf(
        input,
        input.previous,
        parts.map(({ part }) => part),
        slots,
      ),
    }),
  });
  return { problem, parts: parts.map(({ part }) => part) };
}

/** What a resident's word fixes: the house draws it anyway, and the plan begins behind it. Adds to `baseW`. */
function keptByResident(
  appliance: LocalAppliance,
  input: LocalPlanInput,
  slots: readonly PricedSlot[],
  baseW: number[],
): { slots: number; wh: number } {
  const override = overrideAt(input.overrides, appliance.resource, input.nowMs);
  if (!override) return { slots: 0, wh: 0 };
  const powerW = overriddenW(appliance, override);
  const open = slots.findIndex(({ startMs }) => startMs >= override.untilMs);
  const count = open < 0 ? slots.length : open;
  let wh = 0;
  for (const [slot, { startMs, endMs }] of slots.slice(0, count).entries()) {
    baseW[slot] = (baseW[slot] ?? 0) + powerW;
    wh += (powerW * (Math.min(endMs, override.untilMs) - Math.max(startMs, input.nowMs))) / 3_600_000;
  }
  return { slots: count, wh };
}

/** Dearer than this, currency per kWh, is all the same to a plan. */
const mostPrice = 1e6;

/** In the currency, however absurd what was announced. */
const plannable = (microPerKwh: bigint): number => Math.max(-mostPrice, Math.min(mostPrice, Number(microPerKwh) / 1_000_000));

function exportPrices({ prices }: LocalPlanInput, slots: readonly PricedSlot[]): number[] {
  const book = priceBook(prices);
  return slots.map(({ startMs }) => {
    const series = book.at(startMs);
    return plannable((series && priceAt(series, "export", startMs)) ?? 0n);
  });
}

/** What the plan in force has each part do, W a slot. */
function previousOf(
  { appliances }: LocalPlanInput,
  lists: ReadonlyMap<string, InstructionList>,
  parts: readonly ProblemPart[],
  slots: readonly PricedSlot[],
): Record<string, number[]> {
  const previous: Record<string, number[]> = {};
  for (const { name, resource, kind, from, until } of parts) {
    const list = lists.get(resource);
    const appliance: LocalAppliance | undefined = appliances.find((one) => one.resource === resource);
    // What runs by its own thermostat, or follows the house, has no power of its own to keep.
    if (!list || !appliance || kind === "block" || kind === "battery") continue;
    previous[name] = slots.map(({ startMs }, slot) => {
      const instruction = slot >= from && slot < until ? instructionAt(list, startMs) : undefined;
      return (instruction && settingOf(appliance.modes, instruction)?.powerW) ?? 0;
    });
  }
  return previous;
}
