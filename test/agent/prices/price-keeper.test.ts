import { expect, it } from "vitest";
import { plainTariff } from "../../../agent/config/prices-config.ts";
import { awattar } from "../../../agent/prices/awattar.ts";
import { energyCharts } from "../../../agent/prices/energy-charts.ts";
import { startPriceKeeper } from "../../../agent/prices/price-keeper.ts";
import { ownPriceStore } from "../../../agent/store/own-price-store.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { priceAt } from "../../../core/message/price-series.ts";
import { openStore } from "../../fake/open-store.ts";
import { priceService } from "../../fake/price-service.ts";
import { silentLog } from "../../fake/silent-log.ts";

const hourMs = 3_600_000;
const minuteMs = 60_000;
/** A Tuesday morning in Berlin; today's prices are there, tomorrow's come at 13:00. */
const morningMs = Date.parse("2026-06-02T06:00Z");
const todayEndsMs = Date.parse("2026-06-02T22:00Z");
const tomorrowEndsMs = Date.parse("2026-06-03T22:00Z");

async function house(options: { startMs?: number; untilMs?: number; currency?: string; validFrom?: string } = {}) {
  const service = await priceService(options.untilMs ?? todayEndsMs);
  const db = openStore();
  const clock = fakeClock(options.startMs ?? morningMs);
  const start = () => {
    const log = silentLog();
    const stop = new AbortController();
    const keeper = startPriceKeeper({
      provider: energyCharts({ url: service.url, zone: "DE-LU" }),
      store: ownPriceStore(db),
      tariffs: [{ ...plainTariff, validFrom: options.validFrom ?? "" }],
      currency: options.currency ?? "EUR",
      zone: "Europe/Berlin",
      atomically: (writes) => writes(),
      clock,
      log,
      random: () => 0.5,
      signal: stop.signal,
    });
    return { keeper, log, stop: () => stop.abort() };
  };
  const said = (log: ReturnType<typeof silentLog>): string[] => log.lines.map(({ message }) => message);
  return { service, db, clock, start, said };
}
const at = (keeper: ReturnType<typeof startPriceKeeper>, atMs: number): bigint | undefined =>
  keeper
    .known(atMs, atMs + 1)
    .series.map((series) => priceAt(series, "import", atMs))
    .find((price) => price !== undefined);

it("fetches at its start with a week before, at the time of publication, and not between", async () => {
  const { service, clock, start, said } = await house();
  const { keeper, log } = start();
  await clock.advance(0);
  expect(service.asked).toEqual(["GET /price?bzn=DE-LU&start=2026-05-25&end=2026-06-04"]);
  expect(keeper.state()).toMatchObject({
    provider: "energy_charts",
    state: "published",
    publishedUntilMs: todayEndsMs,
    failure: null,
  });
  await clock.advance(5 * hourMs + 4 * minuteMs);
  expect(service.asked).toHaveLength(1);
  service.untilMs = tomorrowEndsMs;
  await clock.advance(minuteMs);
  expect(service.asked).toHaveLength(2);
  expect(service.asked[1]).toBe("GET /price?bzn=DE-LU&start=2026-06-01&end=2026-06-04");
  expect(keeper.state().publishedUntilMs).toBe(tomorrowEndsMs);
  await clock.advance(20 * hourMs);
  expect(service.asked).toHaveLength(2);
  expect(said(log)).toEqual([]);
});

it("asks again less and less often while tomorrow's prices are late, and says so once after three hours", async () => {
  const { service, clock, start, said } = await house();
  const { keeper, log } = start();
  await clock.advance(10 * hourMs);
  // 13:05, then 5, 10, 20, 40 and three times 60 minutes later.
  expect(service.asked).toHaveLength(1 + 8);
  expect(keeper.state().state).toBe("pattern");
  expect(said(log)).toEqual(["prices are missing: those of days before stand in"]);
  service.untilMs = tomorrowEndsMs;
  await clock.advance(2 * hourMs);
  expect(keeper.state().state).toBe("published");
  expect(log.informed("prices are complete again")).toBe(1);
});

it("lets days before stand in where prices stay away, and tells which are which", async () => {
  const { service, clock, start } = await house();
  service.price = (startMs) => (startMs % (24 * hourMs)) / hourMs;
  const { keeper } = start();
  await clock.advance(0);
  service.instead = { status: 503, body: "maintenance" };
  const { series, spans } = keeper.known(morningMs, morningMs + 36 * hourMs);
  expect(spans).toEqual([
    { fromMs: morningMs, toMs: todayEndsMs, kind: "published" },
    { fromMs: todayEndsMs, toMs: morningMs + 36 * hourMs, kind: "pattern" },
  ]);
  expect(series).toHaveLength(1);
  expect(at(keeper, morningMs + 25 * hourMs)).toBe(7_000n);
  await clock.advance(60 * hourMs);
  expect(keeper.state()).toMatchObject({ state: "pattern", failure: { code: "service-refused" } });
  expect(at(keeper, clock.now())).toBe(18_000n);
});

it("keeps what it has over a restart, and the price of a time that has begun for ever", async () => {
  const { service, clock, start } = await house();
  const first = start();
  await clock.advance(0);
  first.stop();
  await clock.advance(hourMs);
  service.price = () => 250;
  const { keeper } = start();
  expect(at(keeper, morningMs)).toBe(100_000n);
  await clock.advance(0);
  expect([at(keeper, morningMs), at(keeper, clock.now()), at(keeper, clock.now() + hourMs)]).toEqual([
    100_000n,
    100_000n,
    250_000n,
  ]);
});

it.each([
  ["no JSON", { status: 200, body: "<html>" }, "service-bad-reply"],
  ["another form", { status: 200, body: "{}" }, "service-bad-reply"],
  ["a broken service", { status: 500, body: "" }, "service-refused"],
])("goes on after %s, without any price known", async (_, instead, code) => {
  const { service, clock, start, said } = await house();
  service.instead = instead;
  const { keeper, log } = start();
  await clock.advance(0);
  expect(keeper.state()).toMatchObject({ state: "none", failure: { code }, publishedUntilMs: null });
  expect(keeper.known(morningMs, morningMs + hourMs)).toEqual({ series: [], spans: [] });
  await clock.advance(10 * minuteMs);
  // After 1, 2 and 4 minutes.
  expect(service.asked).toHaveLength(4);
  expect(said(log)).toEqual([
    "prices could not be fetched",
    "prices are missing, and none of days before are known, or no tariff holds yet",
  ]);
  service.instead = null;
  await clock.advance(10 * minuteMs);
  expect(keeper.state()).toMatchObject({ state: "published", failure: null });
});

it("counts what is no price, says so, and fills it", async () => {
  const { service, clock, start, said } = await house();
  const gapMs = morningMs + hourMs;
  service.price = (startMs) => (startMs === gapMs ? null : startMs === gapMs + hourMs ? 1e9 : 100);
  const { keeper, log } = start();
  await clock.advance(0);
  expect(keeper.state()).toMatchObject({ gaps: 2, state: "pattern" });
  expect(said(log)).toEqual([
    "prices left out: no number, absurd, or of no quarter of an hour",
    "prices are missing: those of days before stand in",
  ]);
  expect([at(keeper, gapMs), at(keeper, gapMs + hourMs)]).toEqual([100_000n, 100_000n]);
});

it("refuses prices in other money than the house's", async () => {
  const { clock, start } = await house({ currency: "DKK" });
  const { keeper } = start();
  await clock.advance(0);
  expect(keeper.state()).toMatchObject({ failure: { code: "prices-wrong-currency" }, publishedUntilMs: null });
});

it("says that there is no price before the first tariff", async () => {
  const { clock, start } = await house({ validFrom: "2026-06-03" });
  const { keeper } = start();
  await clock.advance(0);
  expect([keeper.state().state, keeper.known(morningMs, morningMs + hourMs).spans]).toEqual(["none", []]);
});

it("waits until it knows what day it is", async () => {
  const { service, clock, start } = await house();
  clock.setSynced(false);
  start();
  await clock.advance(10 * minuteMs);
  expect(service.asked).toEqual([]);
  clock.setSynced(true);
  await clock.advance(minuteMs);
  expect(service.asked).toHaveLength(1);
});

it.each([
  ["2026-03-29", 92],
  ["2026-10-25", 100],
])("knows each of the quarters of %s: %s", async (date, count) => {
  const fromMs = Date.parse(date === "2026-03-29" ? "2026-03-28T23:00Z" : "2026-10-24T22:00Z");
  const toMs = fromMs + count * 15 * minuteMs;
  const { clock, start } = await house({ startMs: fromMs + hourMs, untilMs: toMs });
  const { keeper } = start();
  await clock.advance(0);
  expect(keeper.known(fromMs, toMs).series.map(({ importPerKwh }) => importPerKwh.length)).toEqual([count]);
  expect(keeper.state().state).toBe("published");
});

it("lives on where the store does not", async () => {
  const { clock } = await house();
  const log = silentLog();
  const keeper = startPriceKeeper({
    provider: awattar({ url: "http://127.0.0.1:9", country: "de" }),
    store: {
      save: () => 0,
      read() {
        throw new Error("disk I/O error");
      },
      until() {
        throw new Error("disk I/O error");
      },
    },
    tariffs: [plainTariff],
    currency: "EUR",
    zone: "Europe/Berlin",
    atomically: (writes) => writes(),
    clock,
    log,
    random: () => 0.5,
    signal: new AbortController().signal,
  });
  await clock.advance(2 * hourMs);
  expect(keeper.state()).toMatchObject({ state: "none", failure: { message: "disk I/O error" } });
  expect(log.lines.map(({ message }) => message).slice(0, 2)).toEqual([
    "prices could not be fetched",
    "stored prices cannot be read",
  ]);
});
