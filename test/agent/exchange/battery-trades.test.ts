import { expect, it } from "vitest";
import type { HouseOutlook } from "../../../agent/exchange/house-outlook.ts";
import { type Trader, trader } from "../../../agent/exchange/trader.ts";
import { exchangeStore } from "../../../agent/store/exchange-store.ts";
import { iso } from "../../../core/clock/clock.ts";
import { AuctionResults, ExchangeRules, OrdersDown, OwnDown } from "../../../core/message/exchange-http.ts";
import type { OrdersUp } from "../../../core/message/exchange-http.ts";
import { parseAs } from "../../../core/parse-as.ts";
import { openStore } from "../../fake/open-store.ts";
import { deskRig, slotMs } from "../../market/desk/desk-rig.ts";

type Rig = Awaited<ReturnType<typeof deskRig>>;
const tariff = {
  v: 1 as const,
  currency: "EUR",
  start: "2026-06-10T00:00:00Z",
  stepS: 3600,
  importPerKwh: Array.from({ length: 48 }, () => "300000"),
  exportPerKwh: Array.from({ length: 48 }, () => "60000"),
};
const battery = { fillWh: 3000, minWh: 500, capacityWh: 6000, chargeMaxWh: 600, dischargeMaxWh: 600, wearPerKwh: 0.02 };
/** Least price of a kWh out of it: what feeding it in would have brought, by the way out, and wear. */
const floor = (60_000n * 1000n) / 950n + 20_000n;

/** The real trader of a gateway with a battery, at a real exchange. */
function houseWith(rig: Rig, outlook: (slots: number) => HouseOutlook): { round: () => Promise<void>; trader: Trader } {
  const [who] = rig.traders;
  if (!who) throw new Error("one trader was asked for");
  let orders = 0;
  const get = async (path: string): Promise<unknown> => (await rig.running.app.request(path)).json();
  const made = trader({
    client: {
      rules: async () => parseAs(ExchangeRules, await get("/v1/rules"), "exchange-malformed", "rig"),
      balancing: () => Promise.resolve([]),
      results: async (fromMs) =>
        parseAs(AuctionResults, await get(`/v1/results?from=${iso(fromMs)}`), "exchange-malformed", "rig").items,
      own: async () => parseAs(OwnDown, await rig.own(who), "exchange-malformed", "rig"),
      send: async (up: OrdersUp) =>
        parseAs(OrdersDown, await (await rig.post("/v1/orders", up)).json(), "exchange-malformed", "rig"),
    },
    agreement: who.agreement,
    signer: who.signer,
    store: exchangeStore(openStore()),
    outlook: (slots) => outlook(slots.length),
    tariff: () => [tariff],
    zone: "grid",
    horizonMs: 2 * 3_600_000,
    orderId: () => `battery-${orders++}`,
    clock: rig.clock,
    log: rig.log,
  });
  return { round: () => made.run(true), trader: made };
}

const idle = (slots: number): HouseOutlook => ({ netWh: Array.from({ length: slots }, () => 0), battery });
/** What fills its battery is its own surplus, of which some comes in the last quarter. */
const sunny = (slots: number): HouseOutlook => ({
  netWh: Array.from({ length: slots }, (_, slot) => (slot === slots - 1 ? 100 : 0)),
  battery,
});

it("a battery offers what is in it from its cost with losses and wear on, once over all slots, and all of it is taken", async () => {
  const rig = await deskRig(["battery", "car"]);
  const [who, car] = rig.traders;
  if (!who || !car) throw new Error("two traders were asked for");
  await rig.forecast(car, -3000);
  // Somebody pays well in each of the next quarters.
  for (let slot = 0; slot < 6; slot++) {
    const start = iso(slotMs + slot * 900_000);
    const end = iso(slotMs + (slot + 1) * 900_000);
    const order = { orderId: `car-${slot}`, side: "buy" as const, limit: "700000", wh: 2000, start, end, validUntil: start };
    expect(await rig.place(car, order)).toBe("taken");
  }
  await rig.at("2026-06-10T10:36:00Z");
  const house = houseWith(rig, sunny);
  // What the first auction shows is what the house goes by.
  for (const instant of ["2026-06-10T10:37:00Z", "2026-06-10T10:41:00Z", "2026-06-10T10:46:00Z"]) {
    await rig.at(instant);
    await house.round();
  }
  const own = await rig.own(who);
  const sells = own.orders.filter(({ order }) => order.side === "sell");
  expect(sells.length, JSON.stringify(own)).toBeGreaterThan(0);
  for (const { order } of sells) expect(BigInt(order.limit)).toBeGreaterThanOrEqual(order.wh === 100 ? 60_000n : floor);
  // 2,500 Wh above the least fill give 2,375 Wh, whatever the number of slots in which they could be sold; and there is the surplus.
  const promised = sells.reduce((sum, { order, tradedWh, state }) => sum + (state === "open" ? order.wh : tradedWh), 0);
  expect(promised).toBeLessThanOrEqual(2475);
  expect(promised).toBeGreaterThan(2000);
  expect(sells.some(({ tradedWh }) => tradedWh > 0)).toBe(true);
  expect(house.trader.counts().refused).toBe(0);
});

it("what a signed battery path cannot deliver is refused, however it is cut into orders and slots", async () => {
  const rig = await deskRig(["battery", "car"]);
  const [who] = rig.traders;
  if (!who) throw new Error("two traders were asked for");
  const house = houseWith(rig, idle);
  await house.round();
  const slotAt = (slot: number) => ({
    start: iso(slotMs + slot * 900_000),
    end: iso(slotMs + (slot + 1) * 900_000),
    validUntil: iso(slotMs + slot * 900_000),
  });
  // By its own word it gives 600 Wh in a quarter, and with losses rounded against it 2,373 Wh in four.
  const taken: string[] = [];
  for (const { hash, state } of (await rig.own(who)).orders) if (state === "open") taken.push(await rig.revoke(who, hash));
  expect(new Set(taken).size).toBeLessThanOrEqual(1);
  expect(await rig.place(who, { orderId: "much", wh: 601, limit: "400000", ...slotAt(0) })).toBe("market-order-oversold");
  for (let slot = 0; slot < 3; slot++)
    expect(await rig.place(who, { orderId: `part-${slot}`, wh: 600, limit: "400000", ...slotAt(slot) })).toBe("taken");
  expect(await rig.place(who, { orderId: "rest", wh: 573, limit: "400000", ...slotAt(3) })).toBe("taken");
  expect(await rig.place(who, { orderId: "one-more", wh: 1, limit: "400000", ...slotAt(4) })).toBe("market-order-oversold");
});
