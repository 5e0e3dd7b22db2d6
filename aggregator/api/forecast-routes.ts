import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { iso } from "../../core/clock/clock.ts";
import { Instant } from "../../core/message/fields.ts";
import { slotsBetween } from "../../core/slots.ts";
import type { QuantileForecast } from "../../planner/quantile-forecast.ts";
import type { ApplianceForecast } from "../forecast/appliance-forecast.ts";
import { type ForecastStore, homeForecast, portfolioForecast } from "../forecast/forecasts.ts";
import type { Api } from "./api-app.ts";
import { answers, needsToken } from "./describe.ts";
import { demandHome } from "./site-routes.ts";
import { boundTo } from "./token.ts";

/** What is foretold. */
export interface ForecastRoutesOptions {
  store: ForecastStore;
  sites: readonly string[];
  now: () => number;
}

const slotMinutes = 15;
const reachMs = 36 * 3_600_000;
/** A portfolio's past is read at most this often: it is all that all homes did in two weeks. */
const freshMs = 15 * 60_000;

const Watts = z.array(z.int());
const Quantiles = z.object({
  q10: Watts,
  q50: Watts,
  q90: Watts,
  mean: Watts,
  source: z.enum(["history", "profile"]).describe("profile: too little history, or all of it the same"),
  days: z.int().describe("of history"),
  errorW: z.int().nullable().describe("mean of |q50 - metered| over the last known day, forecast from the days before it"),
  insideShare: z.number().nullable().describe("share of its slots between q10 and q90; 0.8 is right"),
});
const Source = z
  .enum(["history", "profile"])
  .describe("profile: as the home describes it, for too little was seen or always the same");
const Counts = z.array(z.int());
const Presence = z.object({
  resource: z.string().describe("all: those of all homes together"),
  kind: z.literal("presence"),
  mean: z.array(z.number()).describe("cars that are expected to be there to be charged; of one the share of such days"),
  q10: Counts,
  q50: Counts,
  q90: Counts.describe("least number that is not exceeded on 90 of a hundred such days, each car reckoned for itself"),
  source: Source,
  days: z.int().describe("of history"),
  errorShare: z
    .number()
    .nullable()
    .describe("share of the last known day in which the likelier of there and away was wrong, forecast from the days before it"),
  brier: z
    .number()
    .nullable()
    .describe("Brier score over the same time: mean of (share - 1 or 0)²; of all cars the mean of theirs"),
});
const Power = Quantiles.extend({
  resource: z.string().describe("all: those of all homes together"),
  kind: z.enum(["energy", "draw"]).describe("energy: W that a heater takes; draw: W of heat that people take from a tank"),
  source: Source,
});
const Forecast = z.object({
  site: z.string().nullable().describe("null: all homes together"),
  start: Instant,
  stepS: z.int(),
  load: Quantiles.describe("what homes draw besides their planned appliances, W"),
  pv: Quantiles.nullable().describe("null without panels"),
  appliances: z
    .array(z.discriminatedUnion("kind", [Presence, Power]))
    .describe("cars, water heaters and tanks: by what their meters and temperatures told, else as homes describe them"),
});

const route = createRoute({
  method: "get",
  path: "/v1/forecasts",
  tags: ["forecasts"],
  security: needsToken,
  request: { query: z.object({ site: z.string().optional() }) },
  responses: answers("the next 36 hours of a home, or of all together; a household sees its own", Forecast, 400, 401, 403, 404),
});

/** Forecasts with their measured error. */
export function forecastRoutes(app: Api, { store, sites, now }: ForecastRoutesOptions): void {
  let portfolio: { atMs: number; made: ReturnType<typeof portfolioForecast> } | undefined;
  const together = (nowMs: number, slots: Parameters<typeof portfolioForecast>[2]): ReturnType<typeof portfolioForecast> => {
    const slotMs = slots[0]?.startMs ?? nowMs;
    if (!portfolio || portfolio.atMs !== slotMs || nowMs - slotMs > freshMs) {
      const made = portfolioForecast(store, sites, slots, nowMs);
      portfolio = { atMs: slotMs, made };
      // What failed is read again.
      made.catch(() => (portfolio = undefined));
    }
    return portfolio.made;
  };
  app.openapi(route, async (c) => {
    const caller = c.get("caller");
    const site = c.req.valid("query").site ?? boundTo(caller);
    if (site !== null) demandHome(caller, site, sites);
    const nowMs = now();
    const slots = slotsBetween(nowMs, nowMs + reachMs, slotMinutes);
    const { load, pv, appliances } = await (site === null ? together(nowMs, slots) : homeForecast(store, site, slots, nowMs));
    return c.json(
      {
        site,
        start: iso(slots[0]?.startMs ?? nowMs),
        stepS: slotMinutes * 60,
        load: shown(load),
        pv: pv && shown(pv),
        appliances: appliances.map(applianceShown),
      },
      200,
    );
  });
}

const round = (value: number, parts: number): number => Math.round(value * parts) / parts;
const whole = (watts: readonly number[]): number[] => watts.map((value) => Math.round(value));

function shown({ q10, q50, q90, meanW, source, days, errorW, insideShare }: QuantileForecast): z.infer<typeof Quantiles> {
  return {
    q10: whole(q10),
    q50: whole(q50),
    q90: whole(q90),
    mean: whole(meanW),
    source,
    days,
    errorW: errorW === null ? null : Math.round(errorW),
    insideShare: insideShare === null ? null : round(insideShare, 1000),
  };
}

function applianceShown(one: ApplianceForecast): z.infer<typeof Presence> | z.infer<typeof Power> {
  const { resource, kind } = one;
  if (kind !== "presence") return { resource, kind, ...shown(one) };
  const { meanCount, q10, q50, q90, source, days, errorShare, brier } = one;
  const error = { errorShare: errorShare && round(errorShare, 1000), brier: brier && round(brier, 1000) };
  return { resource, kind, mean: meanCount.map((count) => round(count, 100)), q10, q50, q90, source, days, ...error };
}
