import { overloads, type Overload } from "./congestion.ts";
import type { CaseFile } from "./case-file.ts";
import { flowsW } from "./grid-model.ts";
import type { PlayedCase } from "./run-case.ts";
import { prognosisOf, takenBy } from "./session.ts";

interface OverloadResult {
  element: string;
  kind: Overload["kind"];
  slot: number;
  slots: number;
  amount_w: number;
  message: string;
}

/** What a case comes to, as it is printed. Money as text: integer micro-units. */
export interface CaseResult {
  currency: string;
  /** no-congestion: the prognoses stand; shortfall: no schedule was found, or paid for, that keeps every limit. */
  status: "no-congestion" | "cleared" | "shortfall";
  rounds: number;
  rounds_ended: string | null;
  congestion: OverloadResult[];
  shortfall: OverloadResult[];
  cost_before_micro: string;
  /** By the aggregators' prices for what they do in the end. */
  cost_after_micro: string;
  paid_micro: string;
  elements: { name: string; highest_before_w: number; highest_after_w: number; flow_w: number[]; base_w: number[] }[];
  aggregators: {
    name: string;
    point: string;
    prognosis_w: number[];
    schedule_w: number[];
    /** Null where nothing was ordered. */
    order: { price_micro: string; share: number } | null;
    congestion_price_micro_per_kwh: number[];
    loads: { name: string; wh: number[] }[];
    settlement: {
      price_micro: string;
      penalty_micro: string;
      net_micro: string;
      slots: {
        slot: number;
        baseline_wh: number;
        ordered_wh: number;
        metered_wh: number;
        delivered_wh: number;
        deficiency_wh: number;
      }[];
    } | null;
  }[];
}

/** A case that was played, in figures. */
export function caseResult(file: CaseFile, { session, aggregators }: PlayedCase): CaseResult {
  const { terms, seats, congestion, shortfall, rounds, roundsEnded, prices } = session;
  const before = takenBy(session, (seat) => prognosisOf(session, seat));
  const after = takenBy(session, (seat) => seats[seat]?.order?.powerW ?? prognosisOf(session, seat));
  const [flowsBefore, flowsAfter] = [flowsW(terms.grid, before), flowsW(terms.grid, after)];
  const highest = (flow: Float64Array | undefined): number => Math.round(Math.max(...(flow ?? [0])));
  const cost = aggregators.reduce((sum, { cost: own }) => sum + own, 0n);
  const moved = aggregators.reduce((sum, { offers, cost: own }, seat) => {
    const offered = offers.get(seats[seat]?.order?.offer ?? "");
    if (!offered) return sum;
    return sum + BigInt(Math.round(offered.answers.reduce((money, answer) => money + answer.money, 0) * 1e6)) - own;
  }, 0n);
  return {
    currency: file.currency,
    status: congestion.length === 0 ? "no-congestion" : shortfall.length === 0 ? "cleared" : "shortfall",
    rounds,
    rounds_ended: roundsEnded,
    congestion: congestion.map(told),
    shortfall: (overloads(terms.grid, after).length === 0 ? [] : shortfall).map(told),
    cost_before_micro: String(cost),
    cost_after_micro: String(cost + moved),
    paid_micro: String(seats.reduce((sum, { order }) => sum + (order?.price ?? 0n), 0n)),
    elements: terms.grid.elements.map(({ name, baseW }) => ({
      name,
      highest_before_w: highest(flowsBefore.get(name)),
      highest_after_w: highest(flowsAfter.get(name)),
      flow_w: Array.from(flowsAfter.get(name) ?? [], (watts) => Math.round(watts)),
      base_w: Array.from(baseW),
    })),
    aggregators: aggregators.map(({ name, loads, offers, settlement }, seat) => {
      const order = seats[seat]?.order ?? null;
      const offered = offers.get(order?.offer ?? "");
      return {
        name,
        point: terms.seats[seat]?.point ?? "",
        prognosis_w: [...prognosisOf(session, seat)],
        schedule_w: [...(order?.powerW ?? prognosisOf(session, seat))],
        order: order && { price_micro: String(order.price), share: order.share / 1e6 },
        congestion_price_micro_per_kwh: Array.from(prices[seat] ?? [], (perWh) => Math.round(perWh * 1e9) + 0),
        loads: offered ? loads.map((load, at) => ({ name: load, wh: rounded(offered.answers[at]?.netWh) })) : [],
        settlement: settlement && {
          price_micro: String(settlement.price),
          penalty_micro: String(settlement.penalty),
          net_micro: String(settlement.netMicro),
          slots: settlement.slots.map((slot) => ({
            slot: slot.slot,
            baseline_wh: slot.baselineWh,
            ordered_wh: slot.orderedWh,
            metered_wh: slot.meteredWh,
            delivered_wh: slot.deliveredWh,
            deficiency_wh: slot.deficiencyWh,
          })),
        },
      };
    }),
  };
}

const told = ({ element, kind, slot, slots, amountW, message }: Overload): OverloadResult => ({
  element,
  kind,
  slot,
  slots,
  amount_w: amountW,
  message,
});
const rounded = (wh: Float64Array | undefined): number[] => Array.from(wh ?? [], (one) => Math.round(one * 10) / 10 + 0);
