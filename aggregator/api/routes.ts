import { type Api, type ApiBasis, apiApp } from "./api-app.ts";
import { type ArchiveRoutesOptions, archiveRoutes } from "./archive-routes.ts";
import { serveDocument } from "./describe.ts";
import { disputeRoutes } from "./dispute-routes.ts";
import { type EscrowRoutesOptions, escrowRoutes } from "./escrow-routes.ts";
import { type LogRoutesOptions, logRoutes } from "./log-routes.ts";
import { type RewardRoutesOptions, rewardRoutes } from "./reward-routes.ts";
import { settledRoutes } from "./settled-routes.ts";
import { type SettlementRoutesOptions, settlementRoutes } from "./settlement-routes.ts";
import { type SiteRoutesOptions, siteRoutes } from "./site-routes.ts";
import { type StatisticsRoutesOptions, statisticsRoutes } from "./statistics-routes.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";

/** What the API shows. */
export interface ApiOptions
  extends
    ApiBasis,
    SiteRoutesOptions,
    StatisticsRoutesOptions,
    RewardRoutesOptions,
    SettlementRoutesOptions,
    LogRoutesOptions,
    EscrowRoutesOptions,
    ArchiveRoutesOptions {
  store: AggregatorStore;
  /** Of the program. */
  version: string;
}

/** The aggregator's HTTP API with its OpenAPI document. */
export function routes(options: ApiOptions): Api {
  const app = apiApp(options);
  siteRoutes(app, options);
  statisticsRoutes(app, options);
  rewardRoutes(app, options);
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
