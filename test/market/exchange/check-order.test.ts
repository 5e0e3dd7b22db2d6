import { Wallet } from "ethers";
import { describe, expect, it } from "vitest";
import { ExchangeOrder } from "../../../core/message/exchange-order.ts";
import { checkOrder, checkRevocation, mostUntoldSlots } from "../../../market/exchange/check-order.ts";
import { applyEvent, clearSlot, openWh } from "../../../market/exchange/order-book.ts";
import {
  forecastSigner,
  orderDigest,
  orderSigner,
  signForecast,
  signRevocation,
} from "../../../settlement/record/order-signature.ts";
import {
  addressOf,
  alice,
  at,
  bob,
  domain,
  exchangeBook,
  exchangeForecast,
  exchangeOrder,
  nowMs,
  signed,
  standingOf,
} from "./exchange-rig.ts";

describe("an order", () => {
  it("is signed and found again by its digest", async () => {
    const { order, signature } = await signed(exchangeOrder());
    expect(orderSigner(domain, order, signature)).toBe(addressOf(alice.signer));
    expect(orderSigner({ ...domain, chainId: 1 }, order, signature)).not.toBe(addressOf(alice.signer));
    const forecast = exchangeForecast();
    const mark = await signForecast(alice.signer, domain, forecast);
    expect(forecastSigner(domain, forecast, mark)).toBe(addressOf(alice.signer));
    expect(forecastSigner(domain, { ...forecast, netWh: [1] }, mark)).not.toBe(addressOf(alice.signer));
  });

  it.each([
    ["no volume", { wh: 0 }],
    ["a fraction of a Wh", { wh: 1.5 }],
    ["a limit written in another way", { limit: "007" }],
    ["a limit beyond all money", { limit: "1000000000000" }],
    ["an instant that signing would cut", { validUntil: "2026-03-02T10:30:00.5Z" }],
    ["a field that nobody signed", { note: "urgent" }],
  ])("with %s is none", (_, change) => {
    expect(ExchangeOrder.safeParse(exchangeOrder()).success).toBe(true);
    expect(ExchangeOrder.safeParse({ ...exchangeOrder(), ...change }).success).toBe(false);
  });

  it.each([
    ["for another exchange", { exchange: `0x${"dd".repeat(20)}` }, "market-order-other-exchange: it is for exchange 0xdd"],
    ["for half a slot", { end: at("10:40") }, "market-order-bad-slot: "],
    ["for a slot that markets do not have", { start: at("10:35"), end: at("10:50") }, "market-order-bad-slot: "],
    [
      "after the gate",
      { start: at("10:15"), end: at("10:30") },
      "market-order-late: the gate for 2026-03-02T10:15:00Z closed at 2026-03-02T10:00:00.000Z",
    ],
    ["for a day far ahead", { start: "2026-03-08T10:15:00Z", end: "2026-03-08T10:30:00Z" }, "market-order-too-early: "],
    ["whose time is over", { validUntil: at("10:10") }, "market-order-expired: "],
    ["for a zone that is not there", { zone: "west" }, 'market-order-unknown-zone: zone "west" is none of north, south'],
  ])("%s is refused", async (_, change, answer) => {
    expect(await exchangeBook().place(exchangeOrder(change))).toContain(answer);
  });

  it("is taken until the gate closes, and not at that instant", async () => {
    const gateMs = Date.parse(at("10:15"));
    expect(await exchangeBook().place(exchangeOrder(), { at: gateMs - 1 })).toBe("placed");
    expect(await exchangeBook().place(exchangeOrder(), { at: gateMs })).toContain("market-order-late");
  });

  it("counts only with the key in force of its participant", async () => {
    const { place } = exchangeBook();
    expect(await place(exchangeOrder(), { standing: { signer: null } })).toContain("market-order-unknown-participant");
    expect(
      await place(exchangeOrder(), { who: { ...alice, signer: bob.signer }, standing: { signer: addressOf(alice.signer) } }),
    ).toContain("market-order-wrong-signer");
    const { book } = exchangeBook();
    const broken = { order: exchangeOrder(), signature: `0x${"11".repeat(64)}ff` };
    expect(checkOrder(book, broken, { domain, standing: standingOf(alice), nowMs })).toMatchObject({
      code: "market-order-bad-signature",
    });
  });

  it("is there once; another one under its name must be its next revision", async () => {
    const { book, place } = exchangeBook();
    expect(await place(exchangeOrder())).toBe("placed");
    expect(await place(exchangeOrder())).toContain("market-order-duplicate");
    expect(await place(exchangeOrder({ wh: 1200 }))).toContain("market-order-conflict: order o1 is at revision 1");
    expect(await place(exchangeOrder({ revision: 2, side: "buy" }))).toContain("market-order-conflict: revisions of order o1");
    expect(await place(exchangeOrder({ revision: 2, wh: 1200 }))).toBe("placed");
    expect(await place(exchangeOrder())).toContain("market-order-duplicate");
    expect([...book.orders.values()].map(openWh)).toEqual([0, 1200]);
  });

  it("must not match an own order of the same slot, path fee included", async () => {
    const { place } = exchangeBook();
    const store = {
      fillWh: 0,
      minWh: 0,
      capacityWh: 9000,
      chargeMaxWh: 5000,
      dischargeMaxWh: 5000,
      chargePerMille: 1000,
      dischargePerMille: 1000,
    };
    const standing = { forecast: exchangeForecast({ store }) };
    expect(await place(exchangeOrder({ limit: "100000" }), { standing })).toBe("placed");
    const bid = { orderId: "o2", side: "buy" as const, wh: 10 };
    expect(await place(exchangeOrder({ ...bid, limit: "100000" }), { standing })).toContain(
      "market-order-crosses-own: own order o1",
    );
    expect(await place(exchangeOrder({ ...bid, limit: "109999", zone: "south" }), { standing })).toBe("placed");
    expect(await place(exchangeOrder({ ...bid, orderId: "o3", limit: "110000", zone: "south" }), { standing })).toContain(
      "market-order-crosses-own",
    );
  });

  it("is bounded by the signed forecast, all orders of a slot together", async () => {
    const { place } = exchangeBook();
    expect(await place(exchangeOrder(), { standing: { forecast: null } })).toContain("market-order-no-forecast");
    expect(await place(exchangeOrder({ wh: 1500 }))).toBe("placed");
    expect(await place(exchangeOrder({ orderId: "o2", wh: 600 }))).toContain("market-order-oversold: 100 Wh too much are sold");
    expect(await place(exchangeOrder({ orderId: "o2", wh: 500 }))).toBe("placed");
    expect(await place(exchangeOrder({ orderId: "o3", wh: 1, side: "buy", limit: "1" }))).toContain("market-order-oversold");
    expect(await place(exchangeOrder({ orderId: "o4", start: at("13:00"), end: at("13:15") }))).toContain(
      "market-order-oversold: 1000 Wh too much are sold for 2026-03-02T13:00:00.000Z: the forecast does not cover it",
    );
  });

  it("needs free escrow for all that it may cost, beside the other open orders", async () => {
    const needing = exchangeForecast({ netWh: [0, -3000, -3000] });
    const { place } = exchangeBook();
    const buy = { side: "buy" as const, limit: "300000" };
    // 1 kWh at 0.30, and half a micro-unit for each Wh.
    const standing = { forecast: needing, freeMicro: 300_500n };
    expect(await place(exchangeOrder({ ...buy }), { standing: { ...standing, freeMicro: 300_499n } })).toContain(
      "market-order-escrow-short: it may cost 300500 micro-units",
    );
    expect(await place(exchangeOrder({ ...buy }), { standing })).toBe("placed");
    expect(await place(exchangeOrder({ ...buy, orderId: "o2", wh: 10 }), { standing })).toContain("market-order-escrow-short");
    // A sale costs nothing, but at a negative price the seller pays.
    const empty = { freeMicro: 0n };
    expect(await exchangeBook().place(exchangeOrder(), { standing: empty })).toBe("placed");
    expect(await exchangeBook().place(exchangeOrder({ limit: "-1" }), { standing: empty })).toContain(
      "market-order-escrow-short",
    );
  });

  it("needs to have told what the meter shows of earlier trades, but for a few slots", async () => {
    expect(await exchangeBook().place(exchangeOrder(), { standing: { untoldSlots: mostUntoldSlots } })).toBe("placed");
    expect(await exchangeBook().place(exchangeOrder(), { standing: { untoldSlots: mostUntoldSlots + 1 } })).toContain(
      "market-order-unmetered: of 9 slots of the last week",
    );
  });
});

describe("a revocation", () => {
  const revocationOf = async (order: string, signer: Wallet = alice.signer, participant = alice.owner) => {
    const revocation = { v: 1 as const, exchange: exchangeOrder().exchange, participant, order, time: at("10:11") };
    return { revocation, signature: await signRevocation(signer, domain, revocation) };
  };

  it("takes an order out, for its owner alone, and once", async () => {
    const { book, place } = exchangeBook();
    await place(exchangeOrder());
    const hash = orderDigest(domain, exchangeOrder());
    const mine = { domain, standing: standingOf(alice) };
    expect(checkRevocation(book, await revocationOf(`0x${"00".repeat(32)}`), mine)).toMatchObject({
      code: "market-order-unknown",
    });
    expect(
      checkRevocation(book, await revocationOf(hash, bob.signer, bob.owner), { domain, standing: standingOf(bob) }),
    ).toMatchObject({ code: "market-order-unknown" });
    expect(checkRevocation(book, await revocationOf(hash, bob.signer), mine)).toMatchObject({
      code: "market-order-wrong-signer",
    });
    const event = checkRevocation(book, await revocationOf(hash), mine);
    expect(event).toEqual({ is: "revoked", hash });
    if (event.is === "revoked") applyEvent(book, event);
    expect(checkRevocation(book, await revocationOf(hash), mine)).toMatchObject({ code: "market-order-over" });
    expect(clearSlot(book, Date.parse(at("10:30")), nowMs).clearing.unmatched).toEqual([]);
    // What was taken back does not come back by sending it again.
    expect(await place(exchangeOrder())).toContain("market-order-duplicate");
    expect(await place(exchangeOrder({ revision: 2 }))).toBe("placed");
  });
});
