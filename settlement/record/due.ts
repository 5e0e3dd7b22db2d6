import { AppError } from "../../core/app-error.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import { type Agreement, householdOf } from "./agreement.ts";
import { energyAmount } from "./amount.ts";
import { checkFlexibility, flexibilityReward } from "./flexibility.ts";
import { orderDue } from "./order-due.ts";
import { isServiceDay } from "./service-day.ts";
import type { Terms } from "./sign-agreement.ts";
import { deviationDue, tradeDue } from "./trade-due.ts";

/** What a record has to say about energy and money. */
export interface Due {
  wh: number;
  payer: string;
  /** Micro-units, at least zero. */
  amount: bigint;
}

/** What a record is about: its kind and service period. */
export type Service = Pick<RecordWire, "kind" | "start" | "end">;

/**
 * What follows from evidence, prices and agreement for one record. Import is paid by the household and export by the
 * aggregator; at a negative price it is the other way round. A reward is for one service day: the agreement's
 * amount, or its share of what flexibility earned. A trade at an exchange is for one delivery slot, and so is what was traded
 * and not done; an order of a grid operator is for one day. Undefined for kinds that the agreement has no rule for.
 * @param series price series of an energy record, balancing prices of a correction; null for rewards and trades
 * @throws AppError settlement-wrong-evidence where the slots do not fit the kind or the period, settlement-wrong-period
 * where the agreement forbids the period, settlement-wrong-currency, settlement-no-price, and those of energyAmount, checkFlexibility and tradeDue
 */
export function dueOf(service: Service, evidence: Evidence, agreement: Terms, series: PriceSeries | null): Due | undefined {
  const { kind } = service;
  // With a grid operator only its orders are settled, and with nobody else are they.
  if ("kind" in agreement) return kind === "flexibility" && !series ? orderDue(service, evidence, agreement) : undefined;
  if (evidence.order) throw new AppError("settlement-wrong-evidence", "orders are settled with grid operators only");
  switch (kind) {
    case "import":
    case "export":
      return energyDue(kind, service, evidence, agreement, series);
    case "reward":
      return rewardDue(service, evidence, agreement);
    case "trade":
      return evidence.trade ? tradeDue(service, evidence, agreement, series) : undefined;
    case "correction":
      return evidence.deviation ? deviationDue(service, evidence, agreement, series) : undefined;
    case "fee":
    case "flexibility":
      return undefined;
  }
}

function energyDue(
  kind: "import" | "export",
  { start, end }: Service,
  evidence: Evidence,
  agreement: Agreement,
  series: PriceSeries | null,
): Due {
  const [startMs, endMs] = [Date.parse(start), Date.parse(end)];
  if (endMs - startMs > agreement.periodS * 1000)
    throw new AppError(
      "settlement-wrong-period",
      `${start} to ${end} is longer than the agreed period of ${agreement.periodS} s`,
    );
  if (evidence.flexibility || evidence.trade || evidence.deviation)
    throw new AppError("settlement-wrong-evidence", `an ${kind} record is about slots and nothing else`);
  if (evidence.register !== kind)
    throw new AppError(
      "settlement-wrong-evidence",
      `an ${kind} record needs slots of register ${kind}, not ${evidence.register}`,
    );
  const outside = evidence.slots.find((slot) => Date.parse(slot.start) < startMs || Date.parse(slot.end) > endMs);
  if (outside)
    throw new AppError(
      "settlement-wrong-evidence",
      `slot ${outside.start} to ${outside.end} is outside the period ${start} to ${end}`,
    );
  const unmatched = (evidence.traded ?? []).find(
    (traded, at, all) =>
      !evidence.slots.some((slot) => slot.start === traded.start && slot.end === traded.end) ||
      (at > 0 && Date.parse(all[at - 1]?.start ?? "") >= Date.parse(traded.start)),
  );
  if (unmatched)
    throw new AppError(
      "settlement-wrong-evidence",
      `${unmatched.wh} Wh traded from ${unmatched.start} to ${unmatched.end}: of no slot, or not in order, each once`,
    );
  if (!series) throw new AppError("settlement-no-price", `an ${kind} record needs a price series`);
  if (series.currency !== agreement.currency)
    throw new AppError("settlement-wrong-currency", `prices are in ${series.currency}, the agreement in ${agreement.currency}`);
  const { wh, micro } = energyAmount(evidence, series);
  const householdPays = (kind === "import") === micro >= 0n;
  return { wh, payer: householdPays ? householdOf(agreement) : agreement.aggregator, amount: micro < 0n ? -micro : micro };
}

function rewardDue({ start, end }: Service, evidence: Evidence, agreement: Agreement): Due {
  if (!isServiceDay(Date.parse(start), Date.parse(end), agreement.timezone))
    throw new AppError("settlement-wrong-period", `${start} to ${end} is not one service day in ${agreement.timezone}`);
  if (evidence.register !== "none" || evidence.slots.length > 0 || evidence.trade || evidence.deviation || evidence.traded)
    throw new AppError("settlement-wrong-evidence", "a reward has register none and no slots");
  const { reward, aggregator } = agreement;
  const { flexibility } = evidence;
  switch (reward.kind) {
    case "per_day":
      if (flexibility) throw new AppError("settlement-wrong-evidence", "the agreed reward is by the day, not for flexibility");
      return { wh: 0, payer: aggregator, amount: BigInt(reward.amount) };
    case "flexibility":
      if (!flexibility) throw new AppError("settlement-wrong-evidence", "a reward for flexibility needs its events as evidence");
      checkFlexibility(flexibility, { startMs: Date.parse(start), endMs: Date.parse(end), fromMs: Date.parse(agreement.from) });
      return { wh: 0, payer: aggregator, amount: flexibilityReward(flexibility, reward) };
  }
}
