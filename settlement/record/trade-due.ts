import { AppError } from "../../core/app-error.ts";
import type { ExchangeOrder } from "../../core/message/exchange-order.ts";
import type { TradeEvidence } from "../../core/message/exchange-trade.ts";
import { type PriceSeries, priceAt } from "../../core/message/price-series.ts";
import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import { moneyMicro } from "../../core/units.ts";
import { type Agreement, householdOf } from "./agreement.ts";
import type { Due, Service } from "./due.ts";
import { orderDigest } from "./order-signature.ts";
import { domainOf } from "./sign-agreement.ts";
import { legsOf } from "./trade-legs.ts";

/**
 * What a participant and an exchange (the agreement's `aggregator`) owe each other by a trade. The order that comes along must be
 * the trade's, of that participant, at that exchange, for that slot and zone, and the trade within its limit, volume and
 * time. Whose signature is under the order, and how much of it was used before, is not seen here.
 * @throws AppError settlement-wrong-evidence, settlement-wrong-period, settlement-order-differs, settlement-order-limit,
 * settlement-order-oversold, settlement-order-expired
 */
export function tradeDue(service: Service, evidence: Evidence, agreement: Agreement, series: PriceSeries | null): Due {
  const { trade: found } = evidence;
  if (
    !found ||
    evidence.register !== "none" ||
    evidence.slots.length > 0 ||
    evidence.flexibility ||
    evidence.deviation ||
    evidence.traded ||
    series
  )
    throw new AppError(
      "settlement-wrong-evidence",
      "a trade has a trade with an order as evidence, no slots and no price series",
    );
  const { trade, own } = found;
  demandSlot(service, trade);
  demandOrder(found, agreement);
  demandWithin(found);
  const household = householdOf(agreement);
  const { buy, sell } = legsOf(trade, { buyer: household, seller: household });
  const { payer, amount, wh } = own.order.side === "buy" ? buy : sell;
  return { wh, payer, amount };
}

/** The service period is the delivery slot. */
function demandSlot({ start, end }: Service, slot: { start: string; end: string }): void {
  if (Date.parse(start) !== Date.parse(slot.start) || Date.parse(end) !== Date.parse(slot.end))
    throw new AppError("settlement-wrong-period", `${start} to ${end} is not the delivery slot ${slot.start} to ${slot.end}`);
}

function demandOrder({ trade, own }: TradeEvidence, agreement: Agreement): void {
  const { order } = own;
  const household = householdOf(agreement);
  const ofSide =
    order.side === "buy"
      ? { hash: trade.buyOrder, other: trade.sellOrder, zone: trade.buyZone }
      : { hash: trade.sellOrder, other: trade.buyOrder, zone: trade.sellZone };
  const differs = (why: string): AppError => new AppError("settlement-order-differs", why);
  if (trade.exchange !== agreement.aggregator || order.exchange !== agreement.aggregator)
    throw differs(
      `trade and order are of ${trade.exchange} and ${order.exchange}, the agreement is with ${agreement.aggregator}`,
    );
  if (order.participant !== household) throw differs(`the order is by ${order.participant}, the participant is ${household}`);
  const hash = orderDigest(domainOf(agreement), order);
  if (ofSide.hash !== hash) throw differs(`the order has hash ${hash}, the trade's ${order.side} order is ${ofSide.hash}`);
  if (ofSide.other === hash) throw differs("both sides of the trade have the same order");
  if (!sameSlot(order, trade)) throw differs(`the order is for ${order.start} to ${order.end}, the trade for ${trade.start}`);
  if (order.zone !== ofSide.zone) throw differs(`the order is for zone ${order.zone}, the trade for ${ofSide.zone}`);
}

const sameSlot = (one: Pick<ExchangeOrder, "start" | "end">, other: { start: string; end: string }): boolean =>
  Date.parse(one.start) === Date.parse(other.start) && Date.parse(one.end) === Date.parse(other.end);

function demandWithin({ trade, own: { order } }: TradeEvidence): void {
  const [price, fee, limit] = [BigInt(trade.price), BigInt(trade.fee), BigInt(order.limit)];
  const clearedMs = Date.parse(trade.clearedAt);
  if (fee < 0n) throw new AppError("settlement-order-limit", `a fee of ${fee} is below zero`);
  if (order.side === "buy" ? price + fee > limit : price < limit)
    throw new AppError(
      "settlement-order-limit",
      order.side === "buy"
        ? `the trade costs ${price + fee} per kWh with its fee, the order pays ${limit} at most`
        : `the trade brings ${price} per kWh, the order takes ${limit} at least`,
    );
  if (trade.wh > order.wh)
    throw new AppError("settlement-order-oversold", `the trade is for ${trade.wh} Wh, the order for ${order.wh} Wh`);
  if (clearedMs > Date.parse(order.validUntil) || clearedMs >= Date.parse(trade.start))
    throw new AppError(
      "settlement-order-expired",
      `cleared at ${trade.clearedAt}; the order was valid until ${order.validUntil}, delivery began at ${trade.start}`,
    );
}

/**
 * What is owed for energy that was traded and not done. Sold and not fed in: the participant pays the balancing price of import
 * for it. Bought and not drawn: the exchange pays that of export. The record's energy is below zero: less than was traded.
 * @throws AppError settlement-wrong-evidence, settlement-wrong-period, settlement-no-price, settlement-wrong-currency
 */
export function deviationDue(
  service: Pick<RecordWire, "start" | "end">,
  evidence: Evidence,
  agreement: Agreement,
  series: PriceSeries | null,
): Due {
  const { deviation } = evidence;
  const wrong = (why: string): AppError => new AppError("settlement-wrong-evidence", why);
  if (
    !deviation ||
    evidence.register !== "none" ||
    evidence.slots.length > 0 ||
    evidence.flexibility ||
    evidence.trade ||
    evidence.traded
  )
    throw wrong("a correction of trades has what was traded and done as evidence, and no slots");
  const { side, tradedWh, doneWh, trades, start, end } = deviation;
  if (Date.parse(service.start) !== Date.parse(start) || Date.parse(service.end) !== Date.parse(end))
    throw new AppError("settlement-wrong-period", `${service.start} to ${service.end} is not the slot ${start} to ${end}`);
  if (doneWh >= tradedWh) throw wrong(`${doneWh} of ${tradedWh} Wh were done: there is nothing to correct`);
  if (trades.some((hash, at) => at > 0 && (trades[at - 1] ?? "") >= hash)) throw wrong("trades stand in rising order, each once");
  const price = series ? priceAt(series, side === "sell" ? "import" : "export", Date.parse(start)) : undefined;
  if (!series || price === undefined) throw new AppError("settlement-no-price", `there is no balancing price for ${start}`);
  if (series.currency !== agreement.currency)
    throw new AppError("settlement-wrong-currency", `prices are in ${series.currency}, the agreement in ${agreement.currency}`);
  const micro = moneyMicro([{ wh: tradedWh - doneWh, microPerKwh: price }]);
  const householdPays = (side === "sell") === micro >= 0n;
  return {
    wh: doneWh - tradedWh,
    payer: householdPays ? householdOf(agreement) : agreement.aggregator,
    amount: micro < 0n ? -micro : micro,
  };
}
