import { randomUUID } from "node:crypto";
import { serve } from "@hono/node-server";
import { AppError } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import { spreadEvery } from "../core/clock/spread-every.ts";
import { importControlKey, publicJwk } from "../core/envelope.ts";
import { cannotListen, closed, listening } from "../core/listening.ts";
import type { Log } from "../core/log.ts";
import type { SiteState } from "../core/message/resource.ts";
import { readJsonFile } from "../core/read-json-file.ts";
import { rejections } from "../core/rejections.ts";
import { routes } from "./api/routes.ts";
import type { AggregatorConfig } from "./config/aggregator-config.ts";
import { readFeeders } from "./config/read-feeders.ts";
import { believed, readKeyChange } from "./dispatch/key-change.ts";
import { fleetDesk } from "./fleet/fleet-desk.ts";
import { openMarket, type RunningMarketAccess } from "./flexibility/open-market.ts";
import { gridContract } from "./flexibility/grid-contract.ts";
import { homeLine, type Homes, operatorMs, openHomes, quietWith, stepMs } from "./homes.ts";
import { metrics } from "./observe/metrics.ts";
import { serveMetrics } from "./observe/metrics-listener.ts";
import { openObserving } from "./observe/open-observing.ts";
import { priceDesk } from "./optimise/price-desk.ts";
import { makeBundle } from "./settle/make-bundle.ts";
import { openRetention } from "./retain/open-retention.ts";
import { openRewards } from "./reward/open-rewards.ts";
import { openSettlement } from "./settle/open-settlement.ts";
import { openShare } from "./share/open-share.ts";
import { wholeShare } from "./share/share.ts";
import { openStore } from "./store/open-store.ts";

/** What a running aggregator tells whoever started it. */
export interface RunningAggregator {
  apiUrl: string;
  /** Port of the enrolment listener, where there is one. */
  enrolmentPort?: number;
  /** Port at which a grid operator's messages are taken, where there is a market. */
  marketPort?: number;
  /** Port of the metrics, where they have an address of their own. */
  metricsPort?: number;
  /** Resolves where going on is pointless: another process does the same now. */
  failed?: Promise<AppError>;
  stop(): Promise<void>;
}

const notSettled = (): never => {
  throw new AppError("unknown-site", "this aggregator settles nothing: its configuration has no settlement section");
};

/** Wires and starts the aggregator. @throws AppError where a file, key or address cannot be used */
export async function startAggregator(options: {
  config: AggregatorConfig;
  clock: Clock;
  log: Log;
  /** Of the program, for whoever reads the API's document. */
  version: string;
  /** Ends the waiting for another process that is there. */
  signal?: AbortSignal;
}): Promise<RunningAggregator> {
  const { config, clock, log } = options;
  const ending = new AbortController();
  await using opened = new AsyncDisposableStack();
  opened.defer(() => ending.abort());
  const { signal } = ending;
  const sites = config.sites.map(({ site }) => site);
  const priceList = priceDesk(config.pricesFile, log);
  const prices = priceList.book;
  const controlJwk = readJsonFile(config.controlKeyFile, "control-key-unreadable");
  const key = await importControlKey(controlJwk);
  const meter = metrics(() => settlement?.owner);
  const kept = await openStore(config.database, meter.database);
  opened.defer(() => kept.close());
  const refused = rejections(log, () => clock.monotonicMs());
  const states = new Map<string, SiteState["state"]>();
  const observing = openObserving({ store: kept, metrics: meter, sites, states, refused, clock });
  const { store, feed } = observing;
  let homes: Homes | undefined;
  let market: RunningMarketAccess | undefined;
  const share =
    config.workers &&
    openShare({ config, leaseMs: config.workers.leaseMs, store, onGain: (mine) => homes?.gained(mine), clock, log });
  const line = homeLine({ aggregator: config.id, key, store, share: share ?? wholeShare, clock }, observing.sendWatched);
  const { send } = line;
  const quietly = quietWith(log);
  if (share) {
    opened.defer(() => share.release());
    await share.becomeOffice(options.signal ?? signal);
    clock.every(share.tickMs, () => quietly(share.tick(), "leases"), signal);
  }
  const present = (site: string): boolean => states.get(site) === "ready";
  const feeders = readFeeders(config.feeders);
  const settlement =
    config.settlement &&
    (await openSettlement(config, config.settlement, {
      ...gridContract(config, config.settlement, feeders, store),
      store,
      prices,
      feeders,
      send,
      present,
      clock,
      log,
    }));
  if (settlement) opened.defer(() => settlement.close());
  const keyChange = config.controlKeyChange && (await readKeyChange(config.controlKeyChange));
  // Rows that the broker still holds of a home that took its data back are not kept again.
  const erased = new Set(await store.erasedSites());
  const fleet = fleetDesk({ store, send, sites, uuid: randomUUID, clock, log });
  homes = openHomes({
    config,
    line,
    store,
    share: share ?? wholeShare,
    priceList,
    feeders,
    contracts: openRewards(config, { agreements: settlement?.agreements ?? new Map(), feeders, store, log }),
    ...(settlement && { isUnsettled: settlement.isUnsettled }),
    keyChange,
    states,
    erased,
    rejections: refused,
    settling: {
      onSlots: async (site) => settlement?.proposals.advance(site),
      onSettlement: async (site, message) => settlement?.proposals.answer(site, message),
      async onWelcome(site) {
        await settlement?.inclusion.welcome(site);
        await quietly(fleet.remind(site), "sending configuration again");
      },
      // Bound before they begin to count; a chain takes the time it takes, and the homes hear of them now.
      onPrices: () => void settlement?.anchoring.tick(),
    },
    watch: meter,
    onState: (site, state) => feed.emit({ type: "state", site, data: { state } }),
    clock,
    log,
    signal,
  });
  let enrolmentPort: number | undefined;
  if (config.enrolment) {
    // The library of certificates is loaded only where it is needed.
    const { startEnrolment } = await import("./enrol/start-enrolment.ts");
    const enrolment = await startEnrolment({
      config: config.enrolment,
      sites,
      told: {
        aggregator: config.id,
        brokerUrl: config.enrolment.brokerUrl,
        controlKeys: believed(publicJwk(controlJwk), keyChange?.body),
      },
      store,
      clock,
      log,
      onEnrolled: (site) => void erased.delete(site),
      onErased: (site) => void erased.add(site),
      signal,
    });
    opened.defer(() => enrolment.stop());
    enrolmentPort = enrolment.port;
  }
  const app = routes({
    store,
    tokens: store,
    open: config.openApi,
    now: () => clock.now(),
    log,
    version: options.version,
    feed,
    metrics: meter,
    clock,
    signal,
    sites,
    states,
    isUnsettled: (site) => settlement?.isUnsettled(site) ?? false,
    rejected: refused.counts,
    owner: settlement?.owner ?? null,
    agreementOf: (site) => settlement?.termsOf(site)?.agreement,
    signedAgreementOf: (site) => settlement?.termsOf(site),
    market: () => market ?? null,
    pairOf: settlement?.pairOf ?? notSettled,
    logBytesOf: async (epoch) => settlement?.logBytesOf(epoch) ?? null,
    bundleOf: async (record) => {
      const agreement = settlement?.termsOf(record.site);
      if (!agreement || !settlement) return null;
      const { owner, treeOf, rpcUrl } = settlement;
      return makeBundle(store, record, { agreement, owner, treeOf, rpc: rpcUrl });
    },
  });
  const server = serve({ fetch: app.fetch, hostname: config.listen.host, port: config.listen.port });
  const port = await listening(
    server,
    config.listen,
    (cause) => new AppError("api-cannot-listen", cannotListen(config.listen, cause, "http.listen"), { cause }),
  );
  opened.defer(() => closed(server));
  let metricsPort: number | undefined;
  if (config.metricsListen) {
    const listener = await serveMetrics({ listen: config.metricsListen, metrics: meter, log });
    opened.defer(() => listener.stop());
    metricsPort = listener.port;
  }
  await observing.followAudit();
  await homes.start();
  opened.defer(() => line.link().stop());
  opened.defer(() => homes.drain());
  if (config.market) {
    const { onOrder, portfolio } = homes;
    const records = settlement?.gridRecords ?? null;
    const parts = {
      access: config.market,
      store,
      feeders,
      portfolio,
      onOrder,
      records,
      rejections: refused,
      watch: meter,
      clock,
      log,
    };
    market = await openMarket(parts);
    opened.defer(() => market?.stop());
  }
  await share?.tick();
  clock.every(operatorMs, () => quietly(fleet.follow(), "following the roll-out"), signal);
  clock.every(operatorMs, () => quietly(observing.followAudit(), "following the audit log"), signal);
  opened.defer(openRetention(config, { store, agreements: settlement?.agreements, share, metrics: meter, clock, log, signal }));
  if (settlement) {
    spreadEvery(clock, stepMs, sites, (site) => void clock.hold(settlement.proposals.advance(site)), signal);
    // Prices are bound before they begin to count.
    void clock.hold(settlement.anchoring.tick());
    // A chain takes the time it takes; nothing here waits for it.
    clock.every(stepMs, () => void settlement.anchoring.tick(), signal);
  }
  const closing = opened.move();
  return {
    apiUrl: `http://${config.listen.host}:${port}`,
    ...(enrolmentPort !== undefined && { enrolmentPort }),
    ...(market && { marketPort: market.port }),
    ...(metricsPort !== undefined && { metricsPort }),
    ...(share && { failed: share.lostOffice }),
    async stop() {
      ending.abort();
      await closing.disposeAsync();
    },
  };
}
