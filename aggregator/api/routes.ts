import { type Api, type ApiBasis, apiApp } from "./api-app.ts";
import { serveDocument } from "./describe.ts";
import { type LogRoutesOptions, logRoutes } from "./log-routes.ts";
import { type SettlementRoutesOptions, settlementRoutes } from "./settlement-routes.ts";
import { type SiteRoutesOptions, siteRoutes } from "./site-routes.ts";
import { type StatisticsRoutesOptions, statisticsRoutes } from "./statistics-routes.ts";

/** What the API shows. */
export interface ApiOptions
  extends ApiBasis, SiteRoutesOptions, StatisticsRoutesOptions, SettlementRoutesOptions, LogRoutesOptions {
  store: SiteRoutesOptions["store"] &
    StatisticsRoutesOptions["store"] &
    SettlementRoutesOptions["store"] &
    LogRoutesOptions["store"];
  /** Of the program. */
  version: string;
}

/** The aggregator's HTTP API with its OpenAPI document. */
export function routes(options: ApiOptions): Api {
  const app = apiApp(options);
  siteRoutes(app, options);
  statisticsRoutes(app, options);
  settlementRoutes(app, options);
  logRoutes(app, options);
  serveDocument(app, options.version);
  return app;
}
