import { expect, it } from "vitest";
import { danishPrices, energiDataService } from "../../../agent/prices/energi-data-service.ts";
import { httpDevice } from "../../fake/http-device.ts";

const fromMs = Date.parse("2026-03-28T23:00Z");
const toMs = Date.parse("2026-03-29T22:00Z");

/** As the service answers: newest first, UTC without saying so. */
function answer() {
  const records = Array.from({ length: 92 }, (_, index) => {
    const at = new Date(fromMs + (91 - index) * 900_000);
    return {
      TimeUTC: at.toISOString().slice(0, 19),
      TimeDK: "2026-03-29T00:00:00",
      PriceArea: "DK1",
      DayAheadPriceEUR: index === 0 ? -12.345678 : 99.27,
      DayAheadPriceDKK: 740.950012,
    };
  });
  return { total: 92, filters: '{"PriceArea":["DK1"]}', limit: 5000, dataset: "DayAheadPrices", records };
}

it("reads the quarters of DayAheadPrices of its area in the money of the house", async () => {
  const server = await httpDevice(() => ({ body: answer() }));
  const options = { url: `${server.url}/dataset`, dataset: "DayAheadPrices", area: "DK1", currency: "DKK" } as const;
  const { steps, currency, zone } = await energiDataService(options).fetch(fromMs, toMs, AbortSignal.timeout(10_000));
  expect([steps.length, currency, zone]).toEqual([92, "DKK", "DK1"]);
  expect(steps[0]).toEqual({ startMs: fromMs, endMs: fromMs + 900_000, microPerKwh: 740_950n, taxedMicroPerKwh: null });
  expect(decodeURIComponent(server.asked[0] ?? "")).toBe(
    'GET /dataset/DayAheadPrices?start=2026-03-29T00:00&end=2026-03-31T00:00&filter={"PriceArea":["DK1"]}&limit=5000',
  );
});

it("takes EUR where the house counts in it", () => {
  const { steps } = danishPrices(answer().records, { dataset: "DayAheadPrices", area: "DK1", currency: "EUR" }, { fromMs, toMs });
  expect([steps[0]?.microPerKwh, steps.at(-1)?.microPerKwh]).toEqual([99_270n, -12_346n]);
});

it("reads the hours of Elspotprices, a price of null as a gap, another area not at all", () => {
  const row = { HourDK: "2026-03-29T00:00:00", PriceArea: "DK2", SpotPriceEUR: 50 };
  const { steps, gaps } = danishPrices(
    [
      { ...row, HourUTC: "2026-03-28T23:00:00", SpotPriceDKK: 371.5 },
      { ...row, HourUTC: "2026-03-29T00:00:00", SpotPriceDKK: null },
      { ...row, HourUTC: "2026-03-29T01:00:00", SpotPriceDKK: 1, PriceArea: "DK1" },
    ],
    { dataset: "Elspotprices", area: "DK2", currency: "DKK" },
    { fromMs, toMs },
  );
  expect(steps.map(({ startMs, endMs, microPerKwh }) => [startMs, endMs - startMs, microPerKwh])).toEqual([
    [fromMs, 3_600_000, 371_500n],
  ]);
  expect(gaps).toBe(1);
});

it.each([[{ records: "none" }], [[]], ["<html>"]])("refuses %j", async (body) => {
  const server = await httpDevice(() => ({ body }));
  const options = { url: server.url, dataset: "DayAheadPrices", area: "DK1", currency: "DKK" } as const;
  const fetched = energiDataService(options).fetch(fromMs, toMs, AbortSignal.timeout(10_000));
  await expect(fetched).rejects.toMatchObject({ code: "service-bad-reply", temporary: true });
});
