import { z } from "zod";
import { Temporal } from "temporal-polyfill";
import { askService, badReply, goodJson } from "../ask-service.ts";
import { stepsOf, type MarketPrices, type PriceProvider, type RawPrice, type Window } from "./market-prices.ts";

const Day = z
  .array(
    z.object({
      time_start: z.string(),
      time_end: z.string(),
      NOK_per_kWh: z.unknown().optional(),
      EUR_per_kWh: z.unknown().optional(),
    }),
  )
  .max(1000);
const zone = "Europe/Oslo";

/** Spot prices without VAT in the form of hvakosterstrommen.no: one file for each local day. @param options.area NO1 to NO5 */
export function hvakosterstrommen(options: { url: string; area: string; currency: "NOK" | "EUR" }): PriceProvider {
  const { area, currency } = options;
  return {
    name: "hvakosterstrommen",
    publishes: { time: "13:00", zone },
    async fetch(fromMs, toMs, signal) {
      const raw: z.infer<typeof Day> = [];
      for (const date of localDays({ fromMs, toMs })) {
        const url = new URL(`${options.url.replace(/\/$/, "")}/${date.slice(0, 4)}/${date.slice(5)}_${area}.json`);
        const reply = await askService({ url, signal });
        // Not published yet, or too long ago.
        if (reply.status === 404) continue;
        const checked = Day.safeParse(goodJson(url, reply));
        if (!checked.success) throw badReply(url, z.prettifyError(checked.error), checked.error);
        raw.push(...checked.data);
      }
      return norwegianPrices(raw, { area, currency }, { fromMs, toMs });
    },
  };
}

/** Prices in the entries of such files; their times carry the local offset. */
export function norwegianPrices(
  entries: z.infer<typeof Day>,
  { area, currency }: { area: string; currency: "NOK" | "EUR" },
  window: Window,
): MarketPrices {
  const raw = entries.map((entry): RawPrice => ({
    startMs: Date.parse(entry.time_start),
    endMs: Date.parse(entry.time_end),
    price: (currency === "NOK" ? entry.NOK_per_kWh : entry.EUR_per_kWh) ?? null,
  }));
  return { currency, zone: area, ...stepsOf(raw, "kWh", currency, window) };
}

function localDays({ fromMs, toMs }: Window): string[] {
  const dayOf = (atMs: number): Temporal.PlainDate =>
    Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).toPlainDate();
  const days: string[] = [];
  const last = dayOf(toMs - 1);
  for (let day = dayOf(fromMs); Temporal.PlainDate.compare(day, last) <= 0; day = day.add({ days: 1 })) days.push(day.toString());
  return days;
}
