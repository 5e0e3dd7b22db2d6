import { z } from "zod";
import { askService, badReply, goodJson } from "../ask-service.ts";
import { stepsOf, type MarketPrices, type PriceProvider, type Window } from "./market-prices.ts";

const Answer = z.object({
  data: z
    .array(
      z.object({ start_timestamp: z.number(), end_timestamp: z.number(), marketprice: z.unknown().optional(), unit: z.string() }),
    )
    .max(100_000),
});

/** Day-ahead prices of aWATTar (EPEX, Germany or Austria). @param options.country names the zone of the prices */
export function awattar(options: { url: string; country: "de" | "at" }): PriceProvider {
  return {
    name: "awattar",
    publishes: { time: "14:00", zone: "Europe/Vienna" },
    async fetch(fromMs, toMs, signal) {
      const url = new URL(`${options.url.replace(/\/$/, "")}/v1/marketdata`);
      url.searchParams.set("start", String(fromMs));
      url.searchParams.set("end", String(toMs));
      const checked = Answer.safeParse(goodJson(url, await askService({ url, signal })));
      if (!checked.success) throw badReply(url, z.prettifyError(checked.error), checked.error);
      const strange = checked.data.data.find(({ unit }) => !/^EUR\/MWh$/i.test(unit));
      if (strange) throw badReply(url, `unit ${strange.unit} instead of Eur/MWh`);
      return awattarPrices(checked.data.data, options.country, { fromMs, toMs });
    },
  };
}

/** EUR per MWh between two instants in ms. */
export function awattarPrices(data: z.infer<typeof Answer>["data"], country: "de" | "at", window: Window): MarketPrices {
  const raw = data.map(({ start_timestamp: startMs, end_timestamp: endMs, marketprice }) => ({
    startMs,
    endMs,
    price: marketprice ?? null,
  }));
  return { currency: "EUR", zone: country === "de" ? "DE-LU" : "AT", ...stepsOf(raw, "MWh", "EUR", window) };
}
