import { describe, expect, it } from "vitest";
import { houseOutlook, type HouseOutlook } from "../../../agent/exchange/house-outlook.ts";
import { orderChanges } from "../../../agent/exchange/order-changes.ts";
import { wishesOf } from "../../../agent/exchange/wishes.ts";
import { iso } from "../../../core/clock/clock.ts";
import type { OwnOrder } from "../../../core/message/exchange-http.ts";
import type { InstructionList } from "../../../core/message/instruction.ts";
import { slotsBetween } from "../../../core/slots.ts";
import type { WishedOrder } from "../../../planner/exchange-strategy.ts";

const startMs = Date.parse("2026-06-10T10:00:00Z");
const slots = slotsBetween(startMs, startMs + 3_600_000, 15);
const tariff = {
  v: 1 as const,
  currency: "EUR",
  start: iso(startMs),
  stepS: 3600,
  importPerKwh: ["300000"],
  exportPerKwh: ["60000"],
};
const rules = { exchange: `0x${"e".repeat(40)}`, slotMinutes: 15, fee: "10000" };
const participant = `0x${"a".repeat(40)}`;
const wishes = (outlook: HouseOutlook, change: Partial<Parameters<typeof wishesOf>[0]> = {}) =>
  wishesOf({
    slots,
    outlook,
    positions: new Map(),
    tariff: [tariff],
    results: [],
    rules,
    participant,
    zone: "grid",
    nowMs: startMs - 1_500_000,
    ...change,
  });

describe("what a house wants of the exchange", () => {
  const bare = (netWh: number[]): HouseOutlook => ({ netWh, battery: null });

  it("is to sell surplus from the supplier's price on, and to buy needs up to it", () => {
    const { forecast, orders } = wishes(bare([400, -200, 0, 0]));
    expect(orders).toMatchObject([
      { startMs, side: "sell", wh: 400, limit: 60_000n },
      { startMs: startMs + 900_000, side: "buy", wh: 200, limit: 300_000n },
    ]);
    expect(forecast).toMatchObject({ participant, start: iso(startMs), netWh: [400, -200, 0, 0], store: null });
  });

  it("is less by what is traded already, and the forecast stays what the house is", () => {
    const positions = new Map([
      [startMs, { soldWh: 300, boughtWh: 0 }],
      [startMs + 900_000, { soldWh: 0, boughtWh: 200 }],
    ]);
    const { forecast, orders } = wishes(bare([400, -200, 0, 0]), { positions });
    expect(orders).toMatchObject([{ side: "sell", wh: 100 }]);
    expect(forecast.netWh).toEqual([400, -200, 0, 0]);
  });

  it("offers a battery's energy at its cost with losses and wear at least, and no more than it can give", () => {
    const battery = { fillWh: 5000, minWh: 500, capacityWh: 8000, chargeMaxWh: 600, dischargeMaxWh: 600, wearPerKwh: 0.02 };
    const { forecast, orders } = wishes({ netWh: [100, 0, 0, 0], battery });
    expect(forecast.store).toMatchObject({ fillWh: 5000, chargePerMille: 950, dischargePerMille: 950 });
    const ofStore = orders.filter(({ why, side }) => why === "store" && side === "sell");
    expect(ofStore.length).toBeGreaterThan(0);
    for (const { wh, limit } of ofStore) {
      expect(wh).toBeLessThanOrEqual(600);
      expect(limit).toBeGreaterThanOrEqual((60_000n * 1000n) / 950n + 20_000n);
    }
  });

  it("goes by the last prices of the book, and wants nothing where the supplier's price is not known", () => {
    const battery = { fillWh: 5000, minWh: 500, capacityWh: 8000, chargeMaxWh: 600, dischargeMaxWh: 600, wearPerKwh: 0.02 };
    const low = {
      start: iso(startMs),
      clearedAt: iso(startMs - 3_600_000),
      volumeWh: 1,
      zones: [{ zone: "grid", sell: "65000", buy: "75000" }],
    };
    const { orders } = wishes({ netWh: [100, 0, 0, 0], battery }, { results: [low] });
    // At 0.065 a battery whose energy has cost 0.06 keeps it.
    expect(orders.filter(({ why, side }) => why === "store" && side === "sell")).toEqual([]);
    expect(wishes(bare([400, -200, 0, 0]), { tariff: [] }).orders).toEqual([]);
  });
});

describe("the outlook of a house", () => {
  const forecast = { baseW: () => [400, 400, 400, Number.NaN], pvW: () => [2000, 0, 0, 1000] };
  const modes = [
    { id: "off", minW: 0, maxW: 0 },
    { id: "on", minW: 2000, maxW: 2000 },
  ];
  const appliance = {
    resource: "boiler",
    modes,
    safe: { mode: "off", powerW: 0 },
    demand: null,
    model: null,
    minOnMs: 0,
    minOffMs: 0,
    maxOffMs: null,
  };
  const list = (from: number): InstructionList =>
    ({
      v: 1,
      plan: "p",
      resource: "boiler",
      instructions: [{ executionTime: iso(from), validUntil: iso(from + 900_000), operationModeId: "on", reason: "" }],
    }) as unknown as InstructionList;

  it("is panels less load less what is planned; what nobody knows is not sold", () => {
    const lists = new Map([["boiler", list(startMs)]]);
    const house = { forecast, appliances: [appliance] as never[], stored: () => ({}), lists };
    expect(houseOutlook(slots, house)).toEqual({ netWh: [-100, -100, -100, 0], battery: null });
  });

  it("knows of no surplus while the base load is unknown, and of no need but that of planned appliances", () => {
    const unknown = { baseW: () => slots.map(() => Number.NaN), pvW: () => slots.map(() => 3000) };
    const dark = { ...unknown, pvW: () => slots.map(() => 0) };
    const parts = { stored: () => ({}), appliances: [appliance] as never[], lists: new Map<string, InstructionList>() };
    expect(houseOutlook(slots, { ...parts, forecast: unknown }).netWh).toEqual([0, 0, 0, 0]);
    const lists = new Map([["boiler", list(startMs)]]);
    expect(houseOutlook(slots, { ...parts, forecast: dark, lists }).netWh).toEqual(
      [-500, 0, 0, 0].map((wh) => expect.closeTo(wh)),
    );
  });

  it("has a battery whose fill is known", () => {
    const battery = {
      ...appliance,
      resource: "battery",
      model: { kind: "battery", capacityWh: 8000, minPercent: 10, wearPerKwh: 0.02 },
      modes: [
        { id: "discharge", minW: -2400, maxW: 0 },
        { id: "charge", minW: 0, maxW: 2000 },
      ],
    };
    const house = (percent?: number) => ({
      forecast,
      appliances: [battery] as never[],
      stored: () => (percent === undefined ? {} : { percent }),
      lists: new Map(),
    });
    expect(houseOutlook(slots, house(50)).battery).toEqual({
      fillWh: 4000,
      minWh: 800,
      capacityWh: 8000,
      chargeMaxWh: 500,
      dischargeMaxWh: 600,
      wearPerKwh: 0.02,
    });
    expect(houseOutlook(slots, house()).battery).toBeNull();
  });
});

describe("changes of the own book", () => {
  const wish = (wh: number, limit = 60_000n): WishedOrder => ({ startMs, side: "sell", wh, limit, why: "surplus" });
  const own = (wh: number, change: Partial<OwnOrder> = {}): OwnOrder => ({
    hash: `0x${"1".repeat(64)}`,
    tradedWh: 0,
    state: "open",
    order: {
      v: 1,
      exchange: rules.exchange,
      participant,
      orderId: "o",
      revision: 1,
      side: "sell",
      start: iso(startMs),
      end: iso(startMs + 900_000),
      wh,
      limit: "60000",
      zone: "grid",
      validUntil: iso(startMs),
    },
    ...change,
  });

  it("are none for small differences, and never leave more open than is wished", () => {
    expect(orderChanges([wish(410)], [own(400)])).toEqual({ revoke: [], place: [] });
    expect(orderChanges([wish(399)], [own(400)])).toEqual({ revoke: [own(400)], place: [wish(399)] });
    expect(orderChanges([wish(500)], [own(400)])).toEqual({ revoke: [own(400)], place: [wish(500)] });
    expect(orderChanges([wish(400, 61_000n)], [own(400)])).toEqual({ revoke: [own(400)], place: [wish(400, 61_000n)] });
  });

  it("look at what is still open, and take back what is not wished", () => {
    const traded = own(400, { tradedWh: 300 });
    expect(orderChanges([wish(100)], [traded])).toEqual({ revoke: [], place: [] });
    expect(orderChanges([], [own(400), own(400, { state: "closed" })])).toEqual({ revoke: [own(400)], place: [] });
    expect(orderChanges([wish(0)], [])).toEqual({ revoke: [], place: [] });
  });
});
