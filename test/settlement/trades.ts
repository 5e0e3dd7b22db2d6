import type { ExchangeOrder } from "../../core/message/exchange-order.ts";
import type { ExchangeTrade } from "../../core/message/exchange-trade.ts";
import type { Evidence, RecordWire } from "../../core/message/settlement-message.ts";
import type { SettlementDomain } from "../../settlement/record/domain.ts";
import { orderDigest, signOrder } from "../../settlement/record/order-signature.ts";
import { addressOf, after, aggregator, exampleRecord, household, keyOf } from "./fixture.ts";

/** The fixture's aggregator is the exchange here; the household is one of its participants, this is another. */
export const otherSide = { owner: addressOf(keyOf("other participant")), signer: keyOf("other participant signer") };

/** An order of the household for the second quarter of the day, at the zone that is everywhere. */
export function houseOrder(side: "buy" | "sell", change: Partial<ExchangeOrder> = {}): ExchangeOrder {
  return {
    v: 1,
    exchange: aggregator.owner,
    participant: household.owner,
    orderId: "o1",
    revision: 1,
    side,
    start: after(900),
    end: after(1800),
    wh: 800,
    limit: side === "buy" ? "300000" : "90000",
    zone: "grid",
    validUntil: after(0),
    ...change,
  };
}

/** A trade of the household's order with somebody else's: 500 Wh at 0.18 and a fee of 0.02 a kWh. */
export function houseTrade(domain: SettlementDomain, own: ExchangeOrder, change: Partial<ExchangeTrade> = {}): ExchangeTrade {
  const others = orderDigest(domain, {
    ...own,
    participant: otherSide.owner,
    side: own.side === "buy" ? "sell" : "buy",
    limit: own.side === "buy" ? "100000" : "250000",
  });
  const hash = orderDigest(domain, own);
  return {
    v: 1,
    exchange: aggregator.owner,
    clearedAt: after(-60),
    start: own.start,
    end: own.end,
    sellOrder: own.side === "sell" ? hash : others,
    buyOrder: own.side === "buy" ? hash : others,
    sellZone: "grid",
    buyZone: "grid",
    wh: 500,
    price: "180000",
    fee: "20000",
    ...change,
  };
}

/** Evidence of it, with the household's signature under its order. */
export async function tradeEvidence(
  domain: SettlementDomain,
  own: ExchangeOrder,
  change: Partial<ExchangeTrade> = {},
  signer = household.signer,
): Promise<Evidence> {
  const signature = await signOrder(signer, domain, own);
  return { register: "none", slots: [], trade: { trade: houseTrade(domain, own, change), own: { order: own, signature } } };
}

/** The record that follows from such evidence. */
export function tradeRecord(
  domain: SettlementDomain,
  evidence: Evidence,
  basis: Parameters<typeof exampleRecord>[1] = {},
): RecordWire {
  return exampleRecord(domain, { kind: "trade", startS: 900, lengthS: 900, evidence, series: null, ...basis });
}
