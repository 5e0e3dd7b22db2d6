import { z } from "zod";
import { Temporal } from "temporal-polyfill";
import { askService, badReply, goodJson } from "../ask-service.ts";
import { stepLengthMs, stepsOf, type MarketPrices, type PriceProvider, type Window } from "./market-prices.ts";

/** Two data sets with the same content: hours until autumn 2025, quarters of an hour since. */
export const danishDatasets = ["DayAheadPrices", "Elspotprices"] as const;
type Dataset = (typeof danishDatasets)[number];

const Records = z.object({ records: z.array(z.record(z.string(), z.unknown())).max(100_000) });
const zone = "Europe/Copenhagen";

/** Spot prices of Energinet's Energi Data Service. @param options.area DK1, DK2 or a neighbour that it lists */
export function energiDataService(options: {
  url: string;
  dataset: Dataset;
  area: string;
  currency: "DKK" | "EUR";
}): PriceProvider {
  const { dataset, area, currency } = options;
  return {
    name: "energi_data_service",
    publishes: { time: "13:00", zone },
    async fetch(fromMs, toMs, signal) {
      const url = new URL(`${options.url.replace(/\/$/, "")}/${dataset}`);
      // start and end are read as Danish time; whole days more on both sides cost nothing.
      url.searchParams.set("start", `${dayOf(fromMs)}T00:00`);
      url.searchParams.set("end", `${dayOf(toMs + 24 * 3_600_000)}T00:00`);
      url.searchParams.set("filter", JSON.stringify({ PriceArea: [area] }));
      url.searchParams.set("limit", "5000");
      const checked = Records.safeParse(goodJson(url, await askService({ url, signal })));
      if (!checked.success) throw badReply(url, z.prettifyError(checked.error), checked.error);
      return danishPrices(checked.data.records, { dataset, area, currency }, { fromMs, toMs });
    },
  };
}

/** Prices in the records of either data set; instants in them are UTC without saying so. */
export function danishPrices(
  records: readonly Record<string, unknown>[],
  { dataset, area, currency }: { dataset: Dataset; area: string; currency: string },
  window: Window,
): MarketPrices {
  const [time, price] =
    dataset === "DayAheadPrices" ? ["TimeUTC", `DayAheadPrice${currency}`] : ["HourUTC", `SpotPrice${currency}`];
  const rows = records
    .filter((record) => record["PriceArea"] === undefined || record["PriceArea"] === area)
    .map((record) => ({ startMs: utcOf(record[time]), price: record[price] ?? null }));
  const stepMs =
    dataset === "Elspotprices" ? 3_600_000 : stepLengthMs(rows.map(({ startMs }) => startMs).filter(Number.isFinite));
  const raw = rows.map((row) => ({ ...row, endMs: row.startMs + stepMs }));
  return { currency, zone: area, ...stepsOf(raw, "MWh", currency, window) };
}

function utcOf(value: unknown): number {
  return typeof value === "string" ? Date.parse(/(Z|[+-]\d\d:\d\d)$/.test(value) ? value : `${value}Z`) : Number.NaN;
}

function dayOf(instantMs: number): string {
  return Temporal.Instant.fromEpochMilliseconds(instantMs).toZonedDateTimeISO(zone).toPlainDate().toString();
}
