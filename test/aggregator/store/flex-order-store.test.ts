import { expect, it } from "vitest";
import type { KeptOrder } from "../../../aggregator/store/flex-order-store.ts";
import { midnightMs, scratchStore } from "../rows.ts";

const dayMs = 24 * 3_600_000;
const day = { point: "feeder", date: "2026-03-02" };
const order = (reference: string, change: Partial<KeptOrder> = {}): KeptOrder => ({
  reference,
  ...day,
  timezone: "Europe/Amsterdam",
  slotMinutes: 60,
  startMs: midnightMs,
  endMs: midnightMs + dayMs,
  powerW: [1, -2],
  baselineW: [3, 4],
  asked: [1, 0],
  price: 10n ** 17n,
  leeway: { mostW: [1, 5], leastW: [1, -6] },
  penaltyPerKwh: 300_000n,
  orderedMs: midnightMs - dayMs,
  netMicro: null,
  agreedMs: null,
  ...change,
});
const settlement = {
  Message: "FlexSettlement" as const,
  Version: "3.0.0" as const,
  SenderDomain: "dso.example",
  RecipientDomain: "agr.example",
  TimeStamp: "2026-03-03T00:00:00Z",
  MessageID: "11111111-1111-4111-8111-111111111111",
  ConversationID: "22222222-2222-4222-8222-222222222222",
  PeriodStart: day.date,
  PeriodEnd: day.date,
  Currency: "EUR",
  FlexOrderSettlements: [
    { OrderReference: "a", Period: day.date, CongestionPoint: "feeder", Price: "1", Penalty: "0", NetSettlement: "1", ISPs: [] },
  ],
};

it("keeps orders, one for each day and point, until they are agreed on", async () => {
  const { store } = await scratchStore();
  expect(await store.addFlexOrder(order("a"))).toBe(true);
  expect(await store.addFlexOrder(order("a"))).toBe(false);
  expect(await store.addFlexOrder(order("b"))).toBe(false);
  expect(await store.addFlexOrder(order("b", { point: "west" }))).toBe(true);
  expect(await store.flexOrders(midnightMs, midnightMs + 1)).toEqual([order("a"), order("b", { point: "west" })]);
  expect(await store.flexOrders(midnightMs + dayMs, midnightMs + 2 * dayMs)).toEqual([]);
  expect(await store.flexOrders(midnightMs - dayMs, midnightMs)).toEqual([]);
  expect(await store.flexOrder("c")).toBeNull();

  await store.keepFlexSettlement({ reference: "a", message: settlement, sinceMs: 7 });
  // Meters are not waited for anew because the same is proposed again.
  await store.keepFlexSettlement({ reference: "a", message: settlement, sinceMs: 1000 });
  expect(await store.openFlexSettlements()).toEqual([{ reference: "a", message: settlement, sinceMs: 7 }]);
  await store.answerFlexSettlement("a", null, 8);
  expect(await store.openFlexSettlements()).toEqual([]);
  expect(await store.flexOrder("a")).toEqual(order("a"));
  await store.answerFlexSettlement("a", -5n, 9);
  expect(await store.flexOrder("a")).toEqual(order("a", { netMicro: -5n, agreedMs: 9 }));
});

it("keeps what was told and offered", async () => {
  const { store } = await scratchStore();
  const slots = [
    { startMs: 7, limitW: Infinity },
    { startMs: 8, limitW: 4000 },
  ];
  const relied = { homes: [{ site: "gw-1", resources: ["boiler"] }], limits: [{ feeder: "elm", slots }] };
  const told = { revision: 1, messageId: "m", conversation: "c", powerW: [1, 2], parties: 3, cost: "-4", withdrawn: true };
  const prognosis = { ...told, earlier: [{ messageId: "l", powerW: [2, 2] }], relied };
  expect(await store.flexPrognosis(day)).toBeNull();
  await store.saveFlexPrognosis(day, prognosis);
  await store.saveFlexPrognosis(day, { ...prognosis, revision: 2 });
  expect(await store.flexPrognosis(day)).toEqual({ ...prognosis, revision: 2 });
  const offer = { ...day, id: "o", price: 10n ** 17n, powerW: [5, -6] };
  await store.addFlexOffer(offer);
  expect(await store.flexOffers(day)).toEqual([{ ...offer, revoked: false }]);
  await store.revokeFlexOffer("o");
  expect(await store.flexOffers(day)).toEqual([{ ...offer, revoked: true }]);
  await store.dropFlexOffers("2026-03-02");
  expect(await store.flexOffers(day)).toHaveLength(1);
  expect(await store.flexPrognosis(day)).toMatchObject({ relied });
  await store.dropFlexOffers("2026-03-03");
  expect(await store.flexOffers(day)).toEqual([]);
  // What homes have says nothing any more.
  expect(await store.flexPrognosis(day)).toEqual({ ...prognosis, revision: 2, relied: null });
});

it("lets orders go that were agreed on long ago, and prognoses of days long over, but nothing that is open", async () => {
  const { store } = await scratchStore();
  const prognosis = {
    revision: 1,
    messageId: "m",
    conversation: "c",
    powerW: [1],
    parties: 1,
    cost: "0",
    withdrawn: false,
    earlier: [],
    relied: null,
  };
  for (const date of ["2026-03-01", "2026-03-02", "2026-03-05"])
    await store.saveFlexPrognosis({ point: "feeder", date }, prognosis);
  await store.addFlexOrder(order("agreed"));
  await store.addFlexOrder(order("late", { point: "west" }));
  await store.addFlexOrder(order("open", { point: "east" }));
  await store.answerFlexSettlement("agreed", 1n, midnightMs + 2 * dayMs);
  await store.answerFlexSettlement("late", 1n, midnightMs + 9 * dayMs);
  expect(await store.deletePrices(-Infinity, { limit: 500 })).toBe(0);
  // The third of March is over in the whole world when the fifth begins in UTC.
  expect(await store.deletePrices(midnightMs + 3 * dayMs, { limit: 500 })).toBe(3);
  expect((await store.flexOrders(0, midnightMs + 9 * dayMs)).map(({ reference }) => reference).toSorted()).toEqual([
    "late",
    "open",
  ]);
  expect(await store.flexPrognosis({ point: "feeder", date: "2026-03-05" })).toEqual(prognosis);
});
