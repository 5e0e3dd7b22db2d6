import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Api } from "./api-app.ts";
import { answers, needsToken } from "./describe.ts";
import { demandHome, SitePath } from "./site-routes.ts";
import { demandRole } from "./token.ts";

/** What is counted. */
export interface StatisticsRoutesOptions {
  store: Pick<AggregatorStore, "statistics">;
  sites: readonly string[];
  /** Refused messages by code, since the start. */
  rejected: () => Record<string, number>;
}

const Counts = z
  .object({
    samples: z.int(),
    slots: z.int(),
    switches: z.int(),
    importWh: z.int(),
    exportWh: z.int(),
    plansAccepted: z.int(),
    plansRejected: z.int(),
    recordsCosigned: z.int(),
    recordsDisputed: z.int(),
    recordsAnchored: z.int(),
  })
  .describe("since the database was made; energy is that of grid meters");

const all = createRoute({
  method: "get",
  path: "/v1/statistics",
  tags: ["statistics"],
  security: needsToken,
  responses: answers(
    "counts over all homes",
    Counts.extend({
      sites: z.int(),
      rejected: z.record(z.string(), z.int()).describe("refused messages by code, since the start"),
    }),
    401,
    403,
  ),
});
const one = createRoute({
  method: "get",
  path: "/v1/sites/{site}/statistics",
  tags: ["statistics"],
  security: needsToken,
  request: { params: SitePath },
  responses: answers("the same of one home", Counts, 401, 403, 404),
});

/** Counts of what happened. */
export function statisticsRoutes(app: Api, { store, sites, rejected }: StatisticsRoutesOptions): void {
  app.openapi(all, async (c) => {
    demandRole(c.get("caller"), "operator", "auditor");
    return c.json({ ...(await store.statistics(null)), sites: sites.length, rejected: rejected() }, 200);
  });
  app.openapi(one, async (c) => {
    const { site } = c.req.valid("param");
    demandHome(c.get("caller"), site, sites);
    return c.json(await store.statistics(site), 200);
  });
}
