import { AppError } from "../../core/app-error.ts";
import type { Evidence } from "../../core/message/settlement-message.ts";
import type { Due, Service } from "./due.ts";
import { orderMoney } from "./flex-order.ts";
import { gridOperatorOf, type GridAgreement } from "./grid-agreement.ts";
import { settleFlex } from "./one-sided-penalty.ts";
import { isServiceDay } from "./service-day.ts";

/**
 * What an aggregator and a grid operator owe each other by an order of flexibility: of its price as much as was delivered, less
 * the penalty for what is missing (UFTP, one-sided). The record's energy is what was delivered. Undefined where the contract
 * settles no orders.
 * @throws AppError settlement-wrong-evidence, settlement-wrong-period, settlement-order-differs where penalty or price are not as
 * agreed
 */
export function orderDue({ start, end }: Service, evidence: Evidence, agreement: GridAgreement): Due | undefined {
  const { orders, aggregator, timezone } = agreement;
  if (!orders) return undefined;
  const { order, register, slots, flexibility, traded, trade, deviation } = evidence;
  if (!order || register !== "none" || slots.length > 0 || flexibility || traded || trade || deviation)
    throw wrong("a record of flexibility has one order as evidence and nothing else");
  if (!isServiceDay(Date.parse(start), Date.parse(end), timezone))
    throw new AppError("settlement-wrong-period", `${start} to ${end} is not one day in ${timezone}`);
  let reachedMs = Date.parse(start);
  for (const slot of order.slots) {
    const [fromMs, untilMs] = [Date.parse(slot.start), Date.parse(slot.end)];
    if (fromMs < reachedMs || untilMs <= fromMs || untilMs > Date.parse(end))
      throw wrong(`slot ${slot.start} to ${slot.end} is outside its day, or not in order, each once`);
    if (slot.orderedWh === 0) throw wrong(`nothing was ordered in slot ${slot.start}`);
    reachedMs = untilMs;
  }
  const [price, penalty] = [BigInt(order.price), BigInt(order.penaltyPerKwh)];
  if (order.penaltyPerKwh !== orders.penaltyPerKwh)
    throw differs(`the penalty is ${order.penaltyPerKwh} per kWh, ${orders.penaltyPerKwh} is agreed`);
  const movedWh = order.slots.reduce((sum, { orderedWh }) => sum + Math.abs(orderedWh), 0);
  // Half a Wh of each slot is lost where schedules are rounded.
  const mostWh = movedWh + order.slots.length;
  if (price < 0n || price * 1000n > BigInt(orders.reservePerKwh) * BigInt(mostWh))
    throw differs(`${price} micro-units for ${movedWh} Wh; at most ${orders.reservePerKwh} per kWh is agreed`);
  const settled = order.slots.map((slot) => ({ ...slot, ...settleFlex(slot, { price: 0n, penalty: 0n }) }));
  const { netMicro } = orderMoney(settled, price, penalty);
  return {
    wh: settled.reduce((sum, { deliveredWh }) => sum + deliveredWh, 0),
    payer: netMicro >= 0n ? gridOperatorOf(agreement) : aggregator,
    amount: netMicro < 0n ? -netMicro : netMicro,
  };
}

const wrong = (why: string): AppError => new AppError("settlement-wrong-evidence", why);
const differs = (why: string): AppError => new AppError("settlement-order-differs", why);
