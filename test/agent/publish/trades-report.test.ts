import { expect, it } from "vitest";
import { openConsents } from "../../../agent/consents.ts";
import { tradedSlots } from "../../../agent/exchange/traded-slots.ts";
import { tradesReport } from "../../../agent/publish/trades-report.ts";
import { consentStore } from "../../../agent/store/consent-store.ts";
import { exchangeStore } from "../../../agent/store/exchange-store.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { Traded } from "../../../core/message/traded.ts";
import { openStore } from "../../fake/open-store.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { ownTrade } from "../exchange/own-trade.ts";

const nowMs = Date.parse("2026-06-10T10:05:00Z");
const slotMs = Date.parse("2026-06-10T11:00:00Z");
const at = (ms: number): string => new Date(ms).toISOString();
const tradeOf = (number: number, startMs: number, side: "buy" | "sell", wh: number) =>
  ownTrade(number, { startMs, clearedMs: nowMs, side, wh, price: "150000" });

async function house() {
  const db = openStore();
  const clock = fakeClock(nowMs);
  const store = exchangeStore(db);
  const state = { connected: true };
  const told: Traded[] = [];
  const consents = await openConsents({
    config: {
      shareIntervalS: 900,
      shareApplianceDetail: false,
      shareTrades: false,
      aggregator: { id: "agg", gatewayId: "gw-1", brokerUrl: "mqtt://127.0.0.1", controlKeys: [] },
    },
    store: consentStore(db),
    key: (draw) => draw(),
    clock,
    log: silentLog(),
    onChange: () => undefined,
  });
  const report = tradesReport({
    traded: () => tradedSlots(store, clock.now()),
    consents,
    clock,
    connected: () => state.connected,
    tell(rest, message) {
      expect(rest).toBe("traded");
      told.push(Traded.parse(message));
    },
  });
  return { store, clock, consents, report, told, state };
}

it("says nothing of trades, not even that there are none, until the household allows it; then sums of slots and nothing else", async () => {
  const { store, consents, report, told } = await house();
  store.saveTrades([
    tradeOf(1, slotMs, "sell", 300),
    tradeOf(2, slotMs, "sell", 200),
    tradeOf(3, slotMs, "buy", 50),
    tradeOf(4, slotMs + 900_000, "buy", 700),
    // Over already.
    tradeOf(5, nowMs - 3_600_000, "buy", 700),
  ]);
  store.savePrices(
    [{ v: 1, currency: "EUR", start: at(slotMs), stepS: 900, importPerKwh: ["420000"], exportPerKwh: ["40000"] }],
    nowMs,
  );
  report.report();
  report.forget();
  report.report();
  expect(told).toEqual([]);
  await consents.say({ scope: "trades", given: true });
  report.report();
  const prices = { undrawnPerKwh: "40000", unfedPerKwh: "420000" };
  const none = { undrawnPerKwh: null, unfedPerKwh: null };
  expect(told).toEqual([
    {
      v: 1,
      at: at(nowMs),
      slots: [
        { start: at(slotMs), end: at(slotMs + 900_000), boughtWh: 50, soldWh: 500, ...prices },
        { start: at(slotMs + 900_000), end: at(slotMs + 1_800_000), boughtWh: 700, soldWh: 0, ...none },
      ],
    },
  ]);
});

it("tells what has changed and no more, anew at each connection, and takes it back with the consent", async () => {
  const { store, clock, consents, report, told, state } = await house();
  await consents.say({ scope: "trades", given: true, untilMs: nowMs + 3_600_000 });
  store.saveTrades([tradeOf(1, slotMs + 3_600_000, "sell", 300)]);
  for (let times = 0; times < 3; times++) report.report();
  expect(told).toHaveLength(1);
  store.saveTrades([tradeOf(2, slotMs + 3_600_000, "sell", 100)]);
  state.connected = false;
  report.report();
  expect(told).toHaveLength(1);
  state.connected = true;
  report.report();
  expect(told.map(({ slots }) => slots[0]?.soldWh)).toEqual([300, 400]);
  report.forget();
  report.report();
  expect(told).toHaveLength(3);
  // It ends by itself.
  await clock.advance(3_600_000);
  report.report();
  expect(told.at(-1)?.slots).toEqual([]);
  await consents.say({ scope: "trades", given: true });
  report.report();
  expect(told.at(-1)?.slots).toHaveLength(1);
  await consents.say({ scope: "trades", given: false });
  report.report();
  report.report();
  expect(told.slice(4).map(({ slots }) => slots.length)).toEqual([1, 0]);
});
