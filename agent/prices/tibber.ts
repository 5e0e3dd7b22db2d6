import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import { askService, badReply, goodJson, goodText, type ServiceReply } from "../ask-service.ts";
import { stepLengthMs, stepsOf, type MarketPrices, type PriceProvider, type Window } from "./market-prices.ts";

const Price = z.object({
  total: z.unknown().optional(),
  energy: z.unknown().optional(),
  startsAt: z.string(),
  currency: z.string().optional(),
});
const Home = z.object({
  id: z.string(),
  currentSubscription: z
    .object({
      priceInfo: z.object({ today: z.array(Price).max(200).nullish(), tomorrow: z.array(Price).max(200).nullish() }).nullish(),
    })
    .nullish(),
});
const Answer = z.object({
  data: z.object({ viewer: z.object({ homes: z.array(Home).max(100) }).nullish() }).nullish(),
  errors: z.array(z.object({ message: z.string(), extensions: z.object({ code: z.string().optional() }).nullish() })).optional(),
});

/**
 * Prices of Tibber's customers. `total` has taxes and VAT in it, so a tariff adds only the grid fee; `energy` is the spot price.
 * @param options.home id of the home; without it the first that has a contract
 */
export function tibber(options: {
  url: string;
  home: string | null;
  resolution: "quarter_hourly" | "hourly";
  /** Where Tibber does not say it. */
  currency: string;
  token: () => string;
}): PriceProvider {
  const price = "{ total energy tax startsAt currency }";
  const query = `{ viewer { homes { id currentSubscription { priceInfo(resolution: ${options.resolution.toUpperCase()}) { today ${price} tomorrow ${price} } } } } }`;
  return {
    name: "tibber",
    publishes: { time: "13:00", zone: "Europe/Oslo" },
    async fetch(fromMs, toMs, signal) {
      const url = new URL(options.url);
      const headers = { authorization: `Bearer ${options.token()}`, "content-type": "application/json" };
      const reply = await askService({ url, signal, method: "POST", headers, body: JSON.stringify({ query }) });
      const checked = Answer.safeParse(jsonOf(url, reply));
      if (!checked.success) throw badReply(url, z.prettifyError(checked.error), checked.error);
      return tibberPrices(checked.data, options, { fromMs, toMs });
    },
  };
}

/** An error of GraphQL says more than the status it came with. */
function jsonOf(url: URL, reply: ServiceReply): unknown {
  if (reply.status === 400 && reply.text.includes('"errors"')) return goodJson(url, { ...reply, status: 200 });
  goodText(url, reply);
  return goodJson(url, reply);
}

/** @throws AppError prices-refused (with Tibber's words), prices-no-contract */
export function tibberPrices(
  { data, errors }: z.infer<typeof Answer>,
  options: { home: string | null; currency: string },
  window: Window,
): MarketPrices {
  const [error] = errors ?? [];
  if (error)
    throw new AppError(
      "prices-refused",
      `the price service refused the question: ${`${error.extensions?.code ?? ""} ${error.message}`.trim().slice(0, 300)}; check token and home`,
    );
  const homes = data?.viewer?.homes ?? [];
  const home = homes.find(({ id, currentSubscription }) => (options.home === null ? currentSubscription : id === options.home));
  const info = home?.currentSubscription?.priceInfo;
  if (!home || !info)
    throw new AppError(
      "prices-no-contract",
      `no home ${options.home ?? "with a contract"} in this account of Tibber (homes: ${homes.map(({ id }) => id).join(", ") || "none"})`,
    );
  const prices = [...(info.today ?? []), ...(info.tomorrow ?? [])];
  const starts = prices.map(({ startsAt }) => Date.parse(startsAt));
  const stepMs = stepLengthMs(starts.filter(Number.isFinite));
  const raw = prices.map(({ energy, total }, index) => {
    const startMs = starts[index] ?? Number.NaN;
    return { startMs, endMs: startMs + stepMs, price: energy ?? null, taxed: total ?? null };
  });
  const currency = prices.find((price) => price.currency !== undefined)?.currency ?? options.currency;
  return { currency, zone: home.id, ...stepsOf(raw, "kWh", currency, window) };
}
