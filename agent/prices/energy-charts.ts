import { z } from "zod";
import { askService, badReply, goodJson } from "../ask-service.ts";
import { stepLengthMs, stepsOf, type MarketPrices, type PriceProvider, type Window } from "./market-prices.ts";

const Answer = z.object({
  unix_seconds: z.array(z.number()).max(100_000),
  price: z.array(z.unknown()).max(100_000),
  unit: z.string(),
});

/** Day-ahead prices of energy-charts.info (Fraunhofer ISE). @param options.zone bidding zone such as DE-LU */
export function energyCharts(options: { url: string; zone: string }): PriceProvider {
  return {
    name: "energy_charts",
    publishes: { time: "13:00", zone: "Europe/Berlin" },
    async fetch(fromMs, toMs, signal) {
      const url = new URL(`${options.url.replace(/\/$/, "")}/price`);
      url.searchParams.set("bzn", options.zone);
      url.searchParams.set("start", dayOf(fromMs));
      url.searchParams.set("end", dayOf(toMs));
      const reply = await askService({ url, signal });
      if (reply.status === 404) return { currency: "EUR", zone: options.zone, steps: [], gaps: 0 };
      const checked = Answer.safeParse(goodJson(url, reply));
      if (!checked.success) throw badReply(url, z.prettifyError(checked.error), checked.error);
      if (!/^EUR ?\/ ?MWh$/i.test(checked.data.unit)) throw badReply(url, `unit ${checked.data.unit} instead of EUR / MWh`);
      return energyChartsPrices(checked.data, options.zone, { fromMs, toMs });
    },
  };
}

/** Two lists of the same length: starts in seconds, EUR per MWh. What one has more is a gap. */
export function energyChartsPrices(
  { unix_seconds: seconds, price }: Pick<z.infer<typeof Answer>, "unix_seconds" | "price">,
  zone: string,
  window: Window,
): MarketPrices {
  const starts = seconds.map((second) => second * 1000);
  const stepMs = stepLengthMs(starts);
  const raw = starts.map((startMs, index) => ({ startMs, endMs: startMs + stepMs, price: price[index] ?? null }));
  return { currency: "EUR", zone, ...stepsOf(raw, "MWh", "EUR", window) };
}

const dayOf = (instantMs: number): string => new Date(instantMs).toISOString().slice(0, 10);
