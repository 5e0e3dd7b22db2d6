import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { iso } from "../../core/clock/clock.ts";
import { Instant } from "../../core/message/fields.ts";
import { givenUpBefore } from "../optimise/limit-ledger.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Api } from "./api-app.ts";
import { answers, needsToken } from "./describe.ts";
import { boundTo, demandRole } from "./token.ts";

/** What limits of feeders cost. */
export interface LimitRoutesOptions {
  store: Pick<AggregatorStore, "shortfalls" | "curtailments">;
  sites: readonly string[];
  now: () => number;
}

const Span = z.object({ from: Instant.optional(), to: Instant.optional() });
/** Left out, all that there is. */
const spanMs = ({ from, to }: z.infer<typeof Span>): [number, number] => [
  from === undefined ? 0 : Date.parse(from),
  to === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(to),
];
const Shortfalls = z.object({
  items: z.array(
    z.object({
      feeder: z.string(),
      kind: z.enum(["import-limit", "export-limit"]),
      from: Instant,
      until: Instant,
      amountW: z.int().describe("the most that is beyond the limit in one of these slots"),
      plannedAt: Instant,
    }),
  ),
});
const Curtailments = z.object({
  items: z.array(z.object({ site: z.string(), day: Instant, wh: z.int() })).describe("by the UTC day on which it was planned"),
  homes: z.array(
    z.object({
      site: z.string(),
      wh: z.int().describe("of the time asked for"),
      countsWh: z.int().describe("for the next plan: of the last four weeks, what is older counts less"),
    }),
  ),
});

const shortfalls = createRoute({
  method: "get",
  path: "/v1/shortfalls",
  tags: ["limits"],
  security: needsToken,
  request: { query: Span },
  responses: answers("slots in which no plan keeps a feeder's limit, by when they were planned", Shortfalls, 400, 401, 403),
});
const curtailments = createRoute({
  method: "get",
  path: "/v1/curtailments",
  tags: ["limits"],
  security: needsToken,
  request: { query: Span },
  responses: answers("what homes had to give up for a feeder's limit; a household sees its own", Curtailments, 400, 401),
});

/** Limits that could not be kept, and who gave up what for those that were. */
export function limitRoutes(app: Api, { store, sites, now }: LimitRoutesOptions): void {
  app.openapi(shortfalls, async (c) => {
    demandRole(c.get("caller"), "operator", "auditor");
    const [fromMs, toMs] = spanMs(c.req.valid("query"));
    const found = await store.shortfalls(fromMs, toMs);
    const items = found.map(({ feeder, kind, startMs, endMs, amountW, atMs }) => ({
      feeder,
      kind,
      from: iso(startMs),
      until: iso(endMs),
      amountW,
      plannedAt: iso(atMs),
    }));
    return c.json({ items }, 200);
  });
  app.openapi(curtailments, async (c) => {
    const bound = boundTo(c.get("caller"));
    const [fromMs, toMs] = spanMs(c.req.valid("query"));
    const shown = sites.filter((site) => bound === null || site === bound);
    const found = (await store.curtailments(fromMs)).filter(({ site, dayMs }) => dayMs < toMs && shown.includes(site));
    const counts = await givenUpBefore(store, now());
    const sums = Map.groupBy(found, ({ site }) => site);
    const homes = shown.flatMap((site) => {
      const wh = (sums.get(site) ?? []).reduce((sum, one) => sum + one.wh, 0);
      const countsWh = Math.round(counts.get(site) ?? 0);
      return wh > 0 || countsWh > 0 ? [{ site, wh, countsWh }] : [];
    });
    return c.json({ items: found.map(({ site, dayMs, wh }) => ({ site, day: iso(dayMs), wh })), homes }, 200);
  });
}
