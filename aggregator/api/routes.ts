import { auditRoutes } from "./audit-routes.ts";
import { type Api, type ApiBasis, apiApp } from "./api-app.ts";
import { type ArchiveRoutesOptions, archiveRoutes } from "./archive-routes.ts";
import { serveDocument } from "./describe.ts";
import { type EventRoutesOptions, eventRoutes } from "./event-routes.ts";
import { configRoutes } from "./config-routes.ts";
import { disputeRoutes } from "./dispute-routes.ts";
import { type EscrowRoutesOptions, escrowRoutes } from "./escrow-routes.ts";
import { type ForecastRoutesOptions, forecastRoutes } from "./forecast-routes.ts";
import { type LimitRoutesOptions, limitRoutes } from "./limit-routes.ts";
import { type LogRoutesOptions, logRoutes } from "./log-routes.ts";
import { type MarketRoutesOptions, marketRoutes } from "./market-routes.ts";
import { type MetricsRouteOptions, metricsRoute } from "./metrics-route.ts";
import { resourceRoutes } from "./resource-routes.ts";
import { type RewardRoutesOptions, rewardRoutes } from "./reward-routes.ts";
import { settledRoutes } from "./settled-routes.ts";
import { type SettlementRoutesOptions, settlementRoutes } from "./settlement-routes.ts";
import { type SiteRoutesOptions, siteRoutes } from "./site-routes.ts";
import { type StatisticsRoutesOptions, statisticsRoutes } from "./statistics-routes.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { TokenStore } from "../store/token-store.ts";

/** What the API shows. */
export interface ApiOptions
  extends
    ApiBasis,
    SiteRoutesOptions,
    StatisticsRoutesOptions,
    LimitRoutesOptions,
    ForecastRoutesOptions,
    MarketRoutesOptions,
    RewardRoutesOptions,
    SettlementRoutesOptions,
    LogRoutesOptions,
    EscrowRoutesOptions,
    ArchiveRoutesOptions,
    EventRoutesOptions,
    MetricsRouteOptions {
  store: AggregatorStore;
  tokens: Pick<TokenStore, "tokenByHash">;
  /** Of the program. */
  version: string;
}

/** The aggregator's HTTP API with its OpenAPI document. */
export function routes(options: ApiOptions): Api {
  const app = apiApp(options);
  siteRoutes(app, options);
  resourceRoutes(app, options);
  configRoutes(app, options);
  statisticsRoutes(app, options);
  auditRoutes(app, options);
  eventRoutes(app, options);
  metricsRoute(app, options);
  limitRoutes(app, options);
  forecastRoutes(app, options);
  rewardRoutes(app, options);
  marketRoutes(app, options);
  settlementRoutes(app, options);
  settledRoutes(app, options);
  disputeRoutes(app, options);
  escrowRoutes(app, options);
  // Digests come before epochs: both are below /v1/log.
  logRoutes(app, options);
  archiveRoutes(app, options);
  serveDocument(app, options.version);
  return app;
}
