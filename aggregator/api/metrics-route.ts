import type { Metrics } from "../observe/metrics.ts";
import type { Api } from "./api-app.ts";
import { demandRole } from "./token.ts";

/** Figures for Prometheus. */
export interface MetricsRouteOptions {
  metrics: Pick<Metrics, "text" | "contentType">;
}

/** /metrics with a token, for a Prometheus that reaches the API; it is no JSON and so not in the document. */
export function metricsRoute(app: Api, { metrics }: MetricsRouteOptions): void {
  app.get("/metrics", async (c) => {
    demandRole(c.get("caller"), "operator", "auditor");
    return c.body(await metrics.text(), 200, { "content-type": metrics.contentType });
  });
}
