import { createRoute } from "@hono/zod-openapi";
import { z } from "zod";
import { iso } from "../../core/clock/clock.ts";
import { Instant } from "../../core/message/fields.ts";
import { ConfigReport, RemoteConfig } from "../../core/message/remote-config.ts";
import { gatewayState, gatewayStateNames } from "../fleet/gateway-states.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { Api } from "./api-app.ts";
import { answers, needsToken } from "./describe.ts";
import { demandHome } from "./site-routes.ts";

/** What gateways run by from afar. */
export interface ConfigRoutesOptions {
  store: Pick<AggregatorStore, "gatewayConfig">;
  sites: readonly string[];
}

const Config = z.object({
  state: z.enum(gatewayStateNames),
  wanted: z.object({ revision: z.uuid(), config: RemoteConfig }).nullable(),
  report: ConfigReport.nullable().describe("the gateway's last up/config"),
  reported: Instant.nullable(),
});

const config = createRoute({
  method: "get",
  path: "/v1/sites/{site}/config",
  tags: ["sites"],
  security: needsToken,
  request: { params: z.object({ site: z.string() }) },
  responses: answers("what is wanted of the home's gateway, and what it runs by", Config, 401, 403, 404),
});

/** Settings of a gateway, for its household too. */
export function configRoutes(app: Api, { store, sites }: ConfigRoutesOptions): void {
  app.openapi(config, async (c) => {
    const { site } = c.req.valid("param");
    demandHome(c.get("caller"), site, sites);
    const known = await store.gatewayConfig(site);
    const { revision = null, wanted = {}, report = null, reportedMs = null } = known ?? {};
    return c.json(
      {
        state: gatewayState(known ?? undefined),
        wanted: revision === null ? null : { revision, config: wanted },
        report,
        reported: reportedMs === null ? null : iso(reportedMs),
      },
      200,
    );
  });
}
