import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { flexDesk, type BindingOrder, type FlexBook, type FlexPlanner } from "../../../aggregator/flexibility/flex-desk.ts";
import { iso } from "../../../core/clock/clock.ts";
import { askedIsps, ispsOf, type UftpMessage } from "../../../core/message/uftp.ts";
import { silentLog } from "../../fake/silent-log.ts";

const startMs = Date.parse("2026-11-30T23:00:00Z");
const place = {
  domain: "agr.example",
  operator: "dso.example",
  currency: "EUR",
  point: "feeder",
  date: "2026-12-01",
  timezone: "Europe/Amsterdam",
  slotMinutes: 60,
  slots: 24,
  startMs,
} as const;
const prognosisW = Array.from({ length: 24 }, (_, slot) => (slot === 3 ? 9000 : 1000));
const offeredW = prognosisW.map((watts, slot) => (slot === 3 ? 5000 : slot === 4 ? 5000 : watts));

/** A desk whose homes always offer the same, with what it keeps. */
function rig() {
  let nowMs = startMs - 12 * 3_600_000;
  const kept: { prognosis: FlexBook["prognosis"]; offers: FlexBook["offers"][number][]; order: BindingOrder | null } = {
    prognosis: null,
    offers: [],
    order: null,
  };
  let binds = true;
  let keeps = true;
  const planner: FlexPlanner = {
    prognosis: () => ({ powerW: prognosisW, parties: 3, cost: 5n }),
    answer: () => ({ powerW: offeredW, price: 400_000n, whole: true }),
    fit: async () => ({ powerW: offeredW, price: 400_000n, whole: true }),
  };
  const open = () =>
    flexDesk({
      place,
      desk: planner,
      known: structuredClone(kept),
      keep: {
        prognosis: async (one) => void (kept.prognosis = one),
        offer: async (offer) => void kept.offers.push({ ...offer, revoked: false }),
        revoked: async (id) => {
          if (!keeps && kept.offers[0]?.id !== id) throw new Error("disk full");
          kept.offers = kept.offers.map((one) => (one.id === id ? { ...one, revoked: true } : one));
        },
      },
      uuid: randomUUID,
      now: () => nowMs,
      onOrder: async (order) => {
        if (binds) kept.order = order;
        return binds;
      },
      log: silentLog(),
    });
  const head = () => ({
    Version: "3.0.0" as const,
    SenderDomain: "dso.example",
    RecipientDomain: "agr.example",
    TimeStamp: iso(nowMs),
    MessageID: randomUUID(),
    ConversationID: randomUUID(),
  });
  const at = { ISPDuration: "PT60M", TimeZone: place.timezone, Period: place.date, CongestionPoint: "feeder" } as const;
  const request = (until = nowMs + 30_000): UftpMessage => ({
    Message: "FlexRequest",
    ...head(),
    ...at,
    Revision: 1,
    ExpirationDateTime: iso(until),
    ISPs: [{ Start: 1, Duration: 24, Disposition: "Available", MinPower: -1e9, MaxPower: 1e9 }],
    Round: { Number: 1, ShiftWh: [], Penalty: 0 },
  });
  const order = (offer: string, change: object = {}): UftpMessage => ({
    Message: "FlexOrder",
    ...head(),
    ...at,
    OrderReference: offer,
    FlexOfferMessageID: offer,
    DPrognosisMessageID: randomUUID(),
    OptionReference: "1",
    Price: "400000",
    Currency: "EUR",
    ActivationFactor: 1,
    ISPs: ispsOf(offeredW),
    Asked: askedIsps(prognosisW.map((_, slot) => (slot === 3 ? 1 : 0))),
    PenaltyPerKwh: "300000",
    ...change,
  });
  return {
    kept,
    open,
    request,
    order,
    goTo: (ms: number) => void (nowMs = ms),
    refuse: () => void (binds = false),
    setKeeping: (value: boolean) => void (keeps = value),
    head,
  };
}

/** What is said, and why not. */
const said = (messages: readonly UftpMessage[]): string[] =>
  messages.map((one) =>
    one.Message === "FlexOrderResponse" ? `${one.Result} ${one.RejectionReason?.split(":")[0] ?? ""}`.trim() : one.Message,
  );
const idOf = (messages: readonly UftpMessage[]): string => messages[0]?.MessageID ?? expect.fail("no offer");

describe("an aggregator's side of a session", () => {
  it("offers, takes the order of it, and tells what was ordered; the same again changes nothing", async () => {
    const one = rig();
    const desk = one.open();
    expect(await desk.prognosis()).toMatchObject({ Message: "DPrognosis", Revision: 1, ISPs: ispsOf(prognosisW) });
    const offered = await desk.take(one.request());
    expect(offered).toMatchObject([{ Message: "FlexOffer", Whole: true }]);
    const order = one.order(idOf(offered));
    const answers = await desk.take(order);
    expect(said(answers)).toEqual(["Accepted", "DPrognosis"]);
    expect(answers[1]).toMatchObject({ Revision: 2, ISPs: ispsOf(offeredW) });
    expect(one.kept.order).toMatchObject({ powerW: offeredW, baselineW: prognosisW, price: 400_000n, penaltyPerKwh: 300_000n });
    expect(said(await desk.take(order))).toEqual(["Accepted"]);
    expect(said(await desk.take(one.order(idOf(offered), { Price: "1" })))).toEqual(["Rejected flex-order-conflict"]);
  });

  it("refuses by name what is oversold, unknown, revoked, late, conflicting or not as offered", async () => {
    const one = rig();
    const desk = one.open();
    const [first, second] = [idOf(await desk.take(one.request())), idOf(await desk.take(one.request()))];
    const more = ispsOf(offeredW.map((watts, slot) => (slot === 3 ? watts - 1 : watts)));
    expect(said(await desk.take(one.order(first, { ISPs: more })))).toEqual(["Rejected flex-order-not-as-offered"]);
    expect(said(await desk.take(one.order(first, { Price: "399999" })))).toEqual(["Rejected flex-order-not-as-offered"]);
    expect(said(await desk.take(one.order(first, { ISPs: ispsOf(offeredW.slice(1)) })))).toEqual([
      "Rejected flex-order-not-as-offered",
    ]);
    expect(said(await desk.take(one.order(randomUUID())))).toEqual(["Rejected flex-order-unknown-offer"]);
    expect(await desk.take(one.order(first, { CongestionPoint: "elsewhere" }))).toEqual([]);
    expect(one.kept.order).toBeNull();
    expect(said(await desk.take(one.order(first)))).toEqual(["Accepted", "DPrognosis"]);
    expect(said(await desk.take(one.order(second)))).toEqual(["Rejected flex-order-conflict"]);
    expect(await desk.revoke()).toEqual([]);

    const other = rig();
    const late = other.open();
    const offer = idOf(await late.take(other.request()));
    other.goTo(startMs);
    expect(said(await late.take(other.order(offer)))).toEqual(["Rejected flex-order-late"]);

    const third = rig();
    const taken = third.open();
    const known = idOf(await taken.take(third.request()));
    third.refuse();
    // Another process has kept another order meanwhile.
    expect(said(await taken.take(third.order(known)))).toEqual(["Rejected flex-order-conflict"]);
    expect(taken.state().order).toBeNull();
  });

  it("says of all its offers that they are taken back once that is kept, also where keeping it failed half-way before", async () => {
    const one = rig();
    const desk = one.open();
    const offers = [idOf(await desk.take(one.request())), idOf(await desk.take(one.request()))];
    one.setKeeping(false);
    await expect(desk.revoke()).rejects.toThrow("disk full");
    one.setKeeping(true);
    expect(await desk.revoke()).toMatchObject(offers.map((id) => ({ FlexOfferMessageID: id })));
    expect(await desk.revoke()).toEqual([]);
  });

  it("answers nothing once it is withdrawn, nor what has expired, and an order of it is refused", async () => {
    const one = rig();
    const desk = one.open();
    expect(await desk.take(one.request(startMs - 13 * 3_600_000))).toEqual([]);
    const offer = idOf(await desk.take(one.request()));
    expect(await desk.revoke()).toMatchObject([{ Message: "FlexOfferRevocation", FlexOfferMessageID: offer }]);
    expect(await desk.take(one.request())).toEqual([]);
    expect(said(await desk.take(one.order(offer)))).toEqual(["Rejected flex-order-revoked"]);
    // Kept over a restart, and said again there: nobody knows whether it was on its way.
    const again = one.open();
    expect(said(await again.take(one.order(offer)))).toEqual(["Rejected flex-order-revoked"]);
    expect(await again.take(one.request())).toEqual([]);
    expect(again.state().withdrawn).toBe(true);
    expect(again.revocations()).toMatchObject([{ Message: "FlexOfferRevocation", FlexOfferMessageID: offer }]);
  });

  it("shows what was refused of its own messages, and nothing of other sessions", async () => {
    const one = rig();
    const desk = one.open();
    const prognosis = (await desk.prognosis()).MessageID;
    const offer = idOf(await desk.take(one.request()));
    const { MessageID: _, ...head } = await desk.prognosis();
    const answer = { ...head, MessageID: randomUUID(), Result: "Rejected" as const, RejectionReason: "no" };
    const told = (DPrognosisMessageID: string): UftpMessage => ({
      ...answer,
      Message: "DPrognosisResponse",
      DPrognosisMessageID,
    });
    const offered = (FlexOfferMessageID: string): UftpMessage => ({
      ...answer,
      Message: "FlexOfferResponse",
      FlexOfferMessageID,
    });
    for (const message of [told(prognosis), told(randomUUID()), offered(randomUUID())]) await desk.take(message);
    expect(desk.state().refusals).toEqual([]);
    await desk.take(told(one.kept.prognosis?.messageId ?? ""));
    await desk.take(offered(offer));
    expect(desk.state().refusals).toEqual(["FlexOfferResponse: no", "DPrognosisResponse: no"]);
  });

  it("takes back what it has offered where other homes are there now, and answers with those", async () => {
    const one = rig();
    const desk = one.open();
    const offer = idOf(await desk.take(one.request()));
    const others: FlexPlanner = {
      prognosis: () => ({ powerW: prognosisW, parties: 2, cost: 5n }),
      answer: () => ({ powerW: prognosisW, price: 7n, whole: true }),
      fit: async () => ({ powerW: prognosisW, price: 7n, whole: true }),
    };
    expect(await desk.replan(others)).toMatchObject([{ Message: "FlexOfferRevocation", FlexOfferMessageID: offer }]);
    expect(said(await desk.take(one.order(offer)))).toEqual(["Rejected flex-order-revoked"]);
    expect(await desk.take(one.request())).toMatchObject([
      { Message: "FlexOffer", OfferOptions: [{ Price: "7", ISPs: ispsOf(prognosisW) }] },
    ]);
    expect(desk.state().offer?.price).toBe(7n);
    expect(await desk.replan(others)).toHaveLength(1);
    expect(await desk.replan(others)).toEqual([]);
  });

  it("knows its offers and its order again after a restart", async () => {
    const one = rig();
    const first = one.open();
    await first.prognosis();
    const offer = idOf(await first.take(one.request()));
    const again = one.open();
    expect(said(await again.take(one.order(offer)))).toEqual(["Accepted", "DPrognosis"]);
    const third = one.open();
    expect(third.state()).toMatchObject({ order: { reference: offer, powerW: offeredW } });
    expect(said(await third.take(one.order(offer)))).toEqual(["Accepted"]);
    expect(await third.prognosis()).toMatchObject({ ISPs: ispsOf(offeredW) });
  });
});
