import { randomUUID } from "node:crypto";
import type { Clock } from "../../core/clock/clock.ts";
import type { SiteState } from "../../core/message/resource.ts";
import type { Rejections } from "../../core/rejections.ts";
import type { Send } from "../dispatch/sender.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import { eventFeed, type EventFeed } from "./event-feed.ts";
import { auditFollower } from "./follow-audit.ts";
import { gatewayStates } from "../fleet/gateway-states.ts";
import type { Metrics } from "./metrics.ts";
import { watchedStore } from "./watched-store.ts";

/** What looks at the rest of the aggregator, for people. */
export interface Observing {
  feed: EventFeed;
  /** The store whose writes are told and counted. */
  store: AggregatorStore;
  /** The same of messages to homes. */
  sendWatched(send: Send): Send;
  /** Tells what people did in other processes: every few seconds. */
  followAudit(): Promise<void>;
}

/** @param options.states newest state by site */
export function openObserving(options: {
  store: AggregatorStore;
  metrics: Metrics;
  sites: readonly string[];
  states: ReadonlyMap<string, SiteState["state"]>;
  refused: Rejections;
  clock: Clock;
}): Observing {
  const { metrics, sites, states, clock } = options;
  const now = (): number => clock.now();
  const feed = eventFeed({ run: randomUUID(), now });
  metrics.watch({
    homes: () => countBy(sites.map((site) => states.get(site) ?? "unknown")),
    refusals: options.refused.counts,
    openDisputes: async () => (await options.store.disputes({ open: true, limit: 1000 })).length,
    gateways: async () => countBy(gatewayStates(sites, await options.store.gatewayConfigs()).values()),
  });
  return {
    feed,
    store: watchedStore(options.store, { feed, metrics, now }),
    sendWatched: (send) => async (site, type, rest, body, more) => {
      try {
        await send(site, type, rest, body, more);
      } catch (error) {
        metrics.sent(site, type, false, now());
        throw error;
      }
      metrics.sent(site, type, true, now());
    },
    followAudit: auditFollower({ store: options.store, feed }),
  };
}

function countBy(values: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}
