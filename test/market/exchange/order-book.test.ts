import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  applyEvent,
  batchOf,
  type BookEvent,
  clearSlot,
  closeSlot,
  nextAuction,
  openBook,
  openWh,
  type OrderBook,
  slotsAt,
} from "../../../market/exchange/order-book.ts";
import { reserveMicro } from "../../../market/exchange/order-reserve.ts";
import { tradeOf } from "../../../market/exchange/trade.ts";
import { legsOf, tradeHash } from "../../../settlement/record/trade-legs.ts";
import { alice, at, bob, exchange, exchangeBook, exchangeForecast, exchangeOrder, nowMs, rules } from "./exchange-rig.ts";

const slotMs = Date.parse(at("10:30"));
const needing = { forecast: exchangeForecast({ participant: bob.owner, netWh: [-3000, -3000, -3000] }) };
const bidOf = (more = {}) => exchangeOrder({ participant: bob.owner, side: "buy", limit: "300000", ...more });

describe("a book", () => {
  it("clears what is open, carries on with the rest, and gives the rest back when the gate closes", async () => {
    const { book, place } = exchangeBook();
    await place(exchangeOrder({ wh: 1500 }));
    await place(bidOf({ wh: 1000 }), { who: bob, standing: needing });
    const { clearing, event } = clearSlot(book, slotMs, nowMs);
    expect(clearing.trades).toMatchObject([{ wh: 1000, price: 200_000n, paid: 200_000n }]);
    expect(batchOf(book, slotMs, nowMs)).toHaveLength(2);
    applyEvent(book, event);
    expect(batchOf(book, slotMs, nowMs).map(({ wh }) => wh)).toEqual([500]);

    // A replacement keeps what has traded.
    expect(await place(exchangeOrder({ revision: 2, wh: 1200 }))).toBe("placed");
    expect(batchOf(book, slotMs, nowMs).map(({ wh }) => wh)).toEqual([200]);
    expect(await place(exchangeOrder({ revision: 3, wh: 400 }))).toBe("placed");
    expect(batchOf(book, slotMs, nowMs)).toEqual([]);
    expect(await place(exchangeOrder({ revision: 4, wh: 1300 }))).toBe("placed");

    const gateMs = slotMs - rules.gateMs;
    expect(slotsAt(book, gateMs - 1)).toEqual({ toClear: [slotMs], toClose: [] });
    expect(slotsAt(book, gateMs)).toEqual({ toClear: [slotMs], toClose: [slotMs] });
    expect(slotsAt(book, gateMs + 1)).toEqual({ toClear: [], toClose: [slotMs] });
    const closing = closeSlot(book, slotMs);
    expect(closing.left.map(({ order, wh }) => [order.order.orderId, wh])).toEqual([["o1", 300]]);
    applyEvent(book, closing.event);
    expect(slotsAt(book, gateMs)).toEqual({ toClear: [], toClose: [] });
    expect([...book.orders.values()].map(openWh).every((wh) => wh === 0)).toBe(true);
  });

  it("leaves out an order over its time", async () => {
    const { book, place } = exchangeBook();
    await place(exchangeOrder({ validUntil: at("10:12") }));
    expect(batchOf(book, slotMs, Date.parse(at("10:12")))).toHaveLength(1);
    expect(batchOf(book, slotMs, Date.parse(at("10:12")) + 1)).toEqual([]);
  });

  it("trades in the last auction what is valid until the gate, where it is held", async () => {
    const { book, place } = exchangeBook();
    const gateMs = slotMs - rules.gateMs;
    const validUntil = new Date(gateMs).toISOString();
    await place(exchangeOrder({ wh: 1000, validUntil }));
    await place(bidOf({ wh: 1000, validUntil }), { who: bob, standing: needing });
    expect(slotsAt(book, gateMs).toClear).toEqual([slotMs]);
    expect(clearSlot(book, slotMs, gateMs).clearing.volumeWh).toBe(1000);
  });

  it("sells the energy of a store once: what a closed slot still has to deliver counts until it is over", async () => {
    const store = {
      fillWh: 1000,
      minWh: 0,
      capacityWh: 1000,
      chargeMaxWh: 500,
      dischargeMaxWh: 1000,
      chargePerMille: 1000,
      dischargePerMille: 1000,
    };
    const standing = { forecast: exchangeForecast({ netWh: [0, 0, 0, 0, 0, 0], store }) };
    const { book, place } = exchangeBook();
    await place(exchangeOrder({ wh: 800 }), { standing });
    await place(bidOf({ wh: 800 }), { who: bob, standing: needing });
    applyEvent(book, clearSlot(book, slotMs, nowMs).event);
    applyEvent(book, closeSlot(book, slotMs).event);
    const next = { orderId: "o2", start: at("10:45"), end: at("11:00"), validUntil: at("10:45") };
    const later = Date.parse(at("10:20"));
    expect(await place(exchangeOrder({ ...next, wh: 201 }), { standing, at: later })).toContain(
      "market-order-oversold: 1 Wh too much",
    );
    expect(await place(exchangeOrder({ ...next, wh: 200 }), { standing, at: later })).toBe("placed");
    // Over: the book forgets.
    applyEvent(book, { is: "closed", startMs: Date.parse(at("11:00")) });
    expect([...book.bySlot.keys()]).toEqual([Date.parse(at("10:45"))]);
    expect(book.byParticipant.get(bob.owner)).toBeUndefined();
    expect(book.newest.size).toBe(1);
  });

  it("is made again by its events", async () => {
    const { book, place } = exchangeBook();
    const events: BookEvent[] = [];
    await place(exchangeOrder());
    await place(bidOf(), { who: bob, standing: needing });
    for (const { hash, order } of book.orders.values()) events.push({ is: "placed", hash, order });
    const { event } = clearSlot(book, slotMs, nowMs);
    const copy: OrderBook = openBook(rules);
    for (const one of [...events, event]) applyEvent(copy, one);
    applyEvent(book, event);
    expect(copy).toEqual(book);
  });

  it("has its auctions on full periods, the last one when the gate closes", () => {
    expect(nextAuction(rules, nowMs)).toBe(Date.parse(at("10:15")));
    expect(nextAuction(rules, Date.parse(at("10:14")))).toBe(slotMs - rules.gateMs);
  });
});

describe("a trade", () => {
  const slot = { exchange, clearedMs: nowMs, startMs: slotMs, endMs: slotMs + 900_000 };

  it("becomes two legs with one hash, each between one participant and the exchange", async () => {
    const { book, place } = exchangeBook();
    await place(exchangeOrder());
    await place(bidOf({ zone: "south" }), { who: bob, standing: needing });
    const [found] = clearSlot(book, slotMs, nowMs).clearing.trades;
    if (!found) throw new Error("no trade");
    const trade = tradeOf(found, slot);
    const { buy, sell, feeMicro } = legsOf(trade, { buyer: bob.owner, seller: alice.owner });
    expect(buy).toMatchObject({ participant: bob.owner, payer: bob.owner, amount: 205_000n, wh: 1000, ref: tradeHash(trade) });
    expect(sell).toMatchObject({ participant: alice.owner, payer: exchange, amount: 195_000n, wh: 1000, ref: tradeHash(trade) });
    expect(feeMicro).toBe(10_000n);
    expect(tradeHash({ ...trade, wh: 999 })).not.toBe(buy.ref);
  });

  it("moves no micro-unit that is not the other side's or the fee, whatever the sign of the price", () => {
    const hash = `0x${"ab".repeat(32)}`;
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10_000 }),
        fc.integer({ min: -500_000, max: 500_000 }),
        fc.nat(50_000),
        (wh, price, fee) => {
          const made = tradeOf(
            {
              buy: { hash, participant: "b", side: "buy", wh, limit: 0n, zone: "z" },
              sell: { hash, participant: "s", side: "sell", wh, limit: 0n, zone: "z" },
              wh,
              price: BigInt(price),
              fee: BigInt(fee),
              paid: 0n,
              received: 0n,
            },
            slot,
          );
          const { buy, sell, feeMicro } = legsOf(made, { buyer: bob.owner, seller: alice.owner });
          const toExchange = ({ payer, amount }: typeof buy): bigint => (payer === exchange ? -amount : amount);
          expect(toExchange(buy) + toExchange(sell)).toBe(feeMicro);
          expect(feeMicro).toBeGreaterThanOrEqual(0n);
          expect([buy.amount, sell.amount].every((amount) => amount >= 0n)).toBe(true);
        },
      ),
    );
  });
});

it("what an order may cost is never less than its trades, however the volume is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: -3000, max: 300_000 }),
      fc.constantFrom("buy" as const, "sell" as const),
      (cuts, price, side) => {
        const wh = cuts.reduce((sum, cut) => sum + cut, 0);
        const sign = side === "buy" ? 1n : -1n;
        // Rounded away from zero at a half, which is worse than what is done.
        const paid = cuts.reduce((sum, cut) => sum + BigInt(Math.round((cut * Number(sign) * price) / 1000)), 0n);
        expect(paid).toBeLessThanOrEqual(reserveMicro(side, wh, BigInt(price)));
      },
    ),
  );
});
