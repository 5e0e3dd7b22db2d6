import { iso, type Clock } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { ExchangeRules, OrdersUp, OwnOrder } from "../../core/message/exchange-http.ts";
import type { ExchangeOrder } from "../../core/message/exchange-order.ts";
import { type Slot, slotAt, slotsBetween } from "../../core/slots.ts";
import type { PriceSeries } from "../../core/message/price-series.ts";
import type { WishedOrder } from "../../planner/exchange-strategy.ts";
import type { ExchangeClient } from "../../settlement/exchange/exchange-client.ts";
import { type Agreement, householdOf } from "../../settlement/record/agreement.ts";
import { signForecast, signOrder, signRevocation } from "../../settlement/record/order-signature.ts";
import { domainOf } from "../../settlement/record/sign-agreement.ts";
import type { TypedDataSigner } from "../../settlement/record/signature.ts";
import type { ExchangeStore } from "../store/exchange-store.ts";
import type { HouseOutlook } from "./house-outlook.ts";
import { orderChanges } from "./order-changes.ts";
import { wishesOf } from "./wishes.ts";

/** Brings the house's own book at the exchange to what the house wants. */
export interface Trader {
  /** One round. @param mayOrder false: what is open is taken back. @throws AppError of the client */
  run(mayOrder: boolean): Promise<void>;
  /** Between two auctions, as the exchange said last; 0 before it has. */
  auctionsEveryMs(): number;
  counts(): { placed: number; refused: number };
}

/** An order that comes right before its gate may come too late. */
const marginMs = 20_000;
const dayMs = 86_400_000;

export function trader(parts: {
  client: Pick<ExchangeClient, "rules" | "own" | "results" | "send" | "balancing">;
  agreement: Agreement;
  signer: TypedDataSigner;
  store: Pick<ExchangeStore, "saveTrades" | "positions" | "savePrices">;
  outlook: (slots: readonly Slot[]) => HouseOutlook;
  tariff: (fromMs: number, toMs: number) => readonly PriceSeries[];
  zone: string;
  horizonMs: number;
  /** A name that no order had before. */
  orderId: () => string;
  clock: Pick<Clock, "now">;
  log: Log;
}): Trader {
  const { client, agreement, signer, store, clock, log } = parts;
  const domain = domainOf(agreement);
  const participant = householdOf(agreement);
  const counts = { placed: 0, refused: 0 };
  const said = new Set<string>();
  let everyMs = 0;
  const orderOf = ({ startMs, side, wh, limit }: WishedOrder, rules: ExchangeRules): ExchangeOrder => ({
    v: 1,
    exchange: agreement.aggregator,
    participant,
    orderId: parts.orderId(),
    revision: 1,
    side,
    start: iso(startMs),
    end: iso(startMs + rules.slotMinutes * 60_000),
    wh,
    limit: String(limit),
    zone: parts.zone,
    validUntil: iso(startMs - rules.gateS * 1000),
  });
  const signedRevocation = async ({ hash }: OwnOrder) => {
    const time = iso(Math.floor(clock.now() / 1000) * 1000);
    const revocation = { v: 1 as const, exchange: agreement.aggregator, participant, order: hash, time };
    return { revocation, signature: await signRevocation(signer, domain, revocation) };
  };
  const signedOrder = async (order: ExchangeOrder) => ({ order, signature: await signOrder(signer, domain, order) });
  const slotsToTrade = (rules: ExchangeRules, nowMs: number): Slot[] => {
    const openMs = nowMs + rules.gateS * 1000 + marginMs;
    const firstMs = slotAt(openMs, rules.slotMinutes).endMs;
    return slotsBetween(firstMs, nowMs + Math.min(parts.horizonMs, rules.horizonS * 1000), rules.slotMinutes);
  };
  const all = async <T, R>(list: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> => Promise.all(list.map(work));
  return {
    async run(mayOrder) {
      const rules = await client.rules();
      // Somebody else at that address could be sent nothing that counts, but could show wrong times and fees.
      if (rules.exchange !== agreement.aggregator) {
        log.error({ code: "exchange-other", rules: rules.exchange, agreement: agreement.aggregator }, "another exchange answers");
        return;
      }
      everyMs = rules.everyS * 1000;
      const nowMs = clock.now();
      store.savePrices(await client.balancing(), nowMs);
      const own = await client.own();
      store.saveTrades(own.trades);
      const slots = slotsToTrade(rules, nowMs);
      if (slots.length === 0) return;
      const [first, last] = [slots[0]?.startMs ?? nowMs, slots.at(-1)?.endMs ?? nowMs];
      const { forecast, orders } = wishesOf({
        slots,
        outlook: parts.outlook(slots),
        positions: store.positions(first),
        tariff: parts.tariff(first, last),
        results: await client.results(nowMs - dayMs),
        rules,
        participant,
        zone: parts.zone,
        nowMs,
      });
      const open = own.orders.filter(({ order }) => Date.parse(order.start) >= first);
      const { revoke, place } = orderChanges(mayOrder ? orders : [], open);
      const placed = place.map((wish) => orderOf(wish, rules));
      const up: OrdersUp = {
        forecast: { forecast, signature: await signForecast(signer, domain, forecast) },
        revocations: await all(revoke, signedRevocation),
        orders: await all(placed, signedOrder),
      };
      const { forecast: taken, orders: answers } = await client.send(up);
      const refused = [taken, ...answers].filter((one) => one && !one.taken);
      counts.placed += answers.filter((one) => one.taken).length;
      counts.refused += refused.length;
      for (const one of refused) {
        if (!one?.code || said.has(one.code)) continue;
        said.add(one.code);
        log.warn({ code: one.code, reason: one.message }, "order not taken; said once for each code");
      }
    },
    auctionsEveryMs: () => everyMs,
    counts: () => ({ ...counts }),
  };
}
