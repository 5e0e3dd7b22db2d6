import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../bench/plan/generate-home.ts";
import type { ExchangeForecast } from "../../../core/message/exchange-order.ts";
import { applyEvent, clearSlot, closeSlot, nextAuction, type OrderBook, slotsAt } from "../../../market/exchange/order-book.ts";
import { orderReserve } from "../../../market/exchange/order-reserve.ts";
import { legsOf, type TradeLeg } from "../../../settlement/record/trade-legs.ts";
import { tradeOf } from "../../../market/exchange/trade.ts";
import { type TradingSlot, type TradingStore, wishedOrders } from "../../../planner/exchange-strategy.ts";
import { at, exchange, exchangeBook, exchangeOrder, nowMs, participantNamed, rules } from "./exchange-rig.ts";

const firstMs = Date.parse(at("10:30"));
const slotMs = 900_000;
const slots = 4;
const random = seededRandom(11);

/** Homes that are over or in need by turns; each third has a store. */
const homes = Array.from({ length: 9 }, (_, index) => {
  const netWh = Array.from({ length: slots }, () => Math.round((random() - 0.5) * 3000));
  const store: TradingStore | null =
    index % 3 === 0
      ? {
          fillWh: 2000 + Math.round(random() * 2000),
          minWh: 500,
          capacityWh: 5000,
          chargeMaxWh: 800,
          dischargeMaxWh: 800,
          chargePerMille: 950,
          dischargePerMille: 950,
          energyCost: 100_000n,
          wear: 15_000n,
        }
      : null;
  return { ...participantNamed(`home ${index}`), zone: index % 2 === 0 ? "north" : "south", netWh, store, freeMicro: 5_000_000n };
});

function forecastOf({ owner, netWh, store }: (typeof homes)[number]): ExchangeForecast {
  const { energyCost: _, wear: __, askByFill: ___, ...bare } = store ?? { energyCost: 0n, wear: 0n };
  return {
    v: 1,
    exchange,
    participant: owner,
    time: at("10:00"),
    start: at("10:30"),
    slotMinutes: 15,
    netWh,
    store: store ? (bare as ExchangeForecast["store"]) : null,
  };
}

/** All that homes wish for goes into the book. */
async function placeAll(place: ReturnType<typeof exchangeBook>["place"]): Promise<void> {
  for (const home of homes) {
    const seen = home.netWh.map((netWh, slot): TradingSlot => {
      const sellPrice = 150_000n + BigInt(slot) * 40_000n;
      return {
        startMs: firstMs + slot * slotMs,
        netWh,
        importPrice: 300_000n,
        exportPrice: 70_000n,
        sellPrice,
        buyPrice: sellPrice + 5000n,
      };
    });
    for (const [index, { startMs, side, wh, limit }] of wishedOrders(seen, home.store).entries()) {
      const order = exchangeOrder({
        participant: home.owner,
        orderId: `o${index}`,
        side,
        wh,
        limit: String(limit),
        zone: home.zone,
        start: new Date(startMs).toISOString(),
        end: new Date(startMs + slotMs).toISOString(),
        validUntil: new Date(startMs).toISOString(),
      });
      const standing = { forecast: forecastOf(home), freeMicro: home.freeMicro };
      expect(await place(order, { who: home, standing })).toBe("placed");
    }
  }
}

/** Every auction until the last gate, with the legs of all trades. */
function tradeAll(book: OrderBook): { legs: TradeLeg[]; feesMicro: bigint } {
  const legs: TradeLeg[] = [];
  let feesMicro = 0n;
  for (let now = nowMs; now < firstMs + slots * slotMs; now = nextAuction(rules, now)) {
    const { toClear, toClose } = slotsAt(book, now);
    for (const startMs of toClear) {
      const { clearing, event } = clearSlot(book, startMs, now);
      for (const one of clearing.trades) {
        const trade = tradeOf(one, { exchange, clearedMs: now, startMs, endMs: startMs + slotMs });
        const made = legsOf(trade, { buyer: one.buy.participant, seller: one.sell.participant });
        legs.push(made.buy, made.sell);
        feesMicro += made.feeMicro;
      }
      applyEvent(book, event);
    }
    for (const startMs of toClose) applyEvent(book, closeSlot(book, startMs).event);
  }
  return { legs, feesMicro };
}

describe("an hour at the exchange", () => {
  it("takes what homes wish for, trades, and every Wh and micro-unit has two ends", async () => {
    const { book, place } = exchangeBook();
    await placeAll(place);
    const mayCost = new Map<string, bigint>();
    for (const { order } of book.orders.values())
      mayCost.set(order.participant, (mayCost.get(order.participant) ?? 0n) + orderReserve(order, order.wh));
    const { legs, feesMicro } = tradeAll(book);

    expect(legs.length).toBeGreaterThan(20);
    const wh = (side: string) => legs.reduce((sum, leg) => (leg.side === side ? sum + leg.wh : sum), 0);
    expect(wh("buy")).toBe(wh("sell"));
    const toExchange = legs.reduce((sum, { payer, amount }) => sum + (payer === exchange ? -amount : amount), 0n);
    expect(toExchange).toBe(feesMicro);
    expect(feesMicro).toBeGreaterThan(0n);
    for (const { owner } of homes) {
      const paid = legs.reduce((sum, leg) => (leg.payer === owner ? sum + leg.amount : sum), 0n);
      expect(paid).toBeLessThanOrEqual(mayCost.get(owner) ?? 0n);
    }
    // Two legs of each trade, with one hash.
    const refs = Map.groupBy(legs, ({ ref }) => ref);
    expect([...refs.values()].every((pair) => pair.length === 2 && pair[0]?.participant !== pair[1]?.participant)).toBe(true);
    expect(slotsAt(book, firstMs + slots * slotMs)).toEqual({ toClear: [], toClose: [] });
  });
});
