import { randomUUID } from "node:crypto";
import { serve } from "@hono/node-server";
import { AppError, errorCode, errorMessage } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import { importControlKey, publicJwk } from "../core/envelope.ts";
import type { Log } from "../core/log.ts";
import type { PriceSeries } from "../core/message/price-series.ts";
import type { SiteState } from "../core/message/resource.ts";
import { readJsonFile } from "../core/read-json-file.ts";
import { rejections } from "../core/rejections.ts";
import { routes } from "./api/routes.ts";
import type { AggregatorConfig } from "./config/aggregator-config.ts";
import { readFeeders } from "./config/read-feeders.ts";
import { believed, readKeyChange } from "./dispatch/key-change.ts";
import { startBrokerLink, type BrokerLink } from "./dispatch/broker-link.ts";
import { oneAtATime } from "./dispatch/one-at-a-time.ts";
import { sender } from "./dispatch/sender.ts";
import { intake } from "./intake/intake.ts";
import { planningDesk } from "./optimise/planning-desk.ts";
import { priceDesk } from "./optimise/price-desk.ts";
import { makeBundle } from "./settle/make-bundle.ts";
import { openRewards } from "./reward/open-rewards.ts";
import { openSettlement } from "./settle/open-settlement.ts";
import { openStore } from "./store/open-store.ts";

const heartbeatMs = 60_000;
/** A home that has heard nothing for so long counts us as lost. */
const heartbeatLifetimeS = 180;
/** As long as prices may be needed that are announced only once. */
const priceLifetimeS = 7 * 24 * 3600;
/** A gateway that was off for a year still learns of new keys. */
const keysLifetimeS = 400 * 24 * 3600;
/** What operators say is followed within this time. */
const operatorMs = 5000;
/** A change of the prices' file is noticed within this time. */
const pricesMs = 10_000;
/** New slots and answers move things on at once; this is for what got lost. */
const stepMs = 5 * 60_000;

/** What a running aggregator tells whoever started it. */
export interface RunningAggregator {
  apiUrl: string;
  /** Port of the enrolment listener, where there is one. */
  enrolmentPort?: number;
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
  const store = await openStore(config.database);
  opened.defer(() => store.close());
  const refused = rejections(log, () => clock.monotonicMs());
  const states = new Map<string, SiteState["state"]>();
  let link: BrokerLink | null = null;
  const connected = (): BrokerLink => {
    if (!link) throw new AppError("mqtt-offline", "the broker is not connected yet", { temporary: true });
    return link;
  };
  const send = sender({ aggregator: config.id, key, store, link: connected, clock });
  const present = (site: string): boolean => states.get(site) === "ready";
  const feeders = readFeeders(config.feeders);
  const settlement =
    config.settlement && (await openSettlement(config, config.settlement, { store, prices, feeders, send, present, clock, log }));
  if (settlement) opened.defer(() => settlement.close());
  const quietly = (work: Promise<void>, what: string): Promise<void> =>
    work.catch((error: unknown) =>
      log.warn({ what, code: errorCode(error), error: errorMessage(error) }, "failed, tried again later"),
    );
  const desk = planningDesk({
    store,
    prices,
    send,
    sites,
    feeders,
    contracts: openRewards(config, { agreements: settlement?.agreements ?? new Map(), feeders, store, log }),
    ...(settlement && { isUnsettled: settlement.isUnsettled }),
    uuid: randomUUID,
    slotMinutes: config.slotMinutes,
    planEveryMs: config.planEveryMs,
    threads: config.planThreads,
    quietly,
    clock,
    log,
    signal,
  });

  const heartbeat = (site: string): Promise<void> =>
    send(site, "heartbeat", "state", {}, { lifetimeS: heartbeatLifetimeS, retain: true });
  const keyChange = config.controlKeyChange && (await readKeyChange(config.controlKeyChange));
  const tellKeys = async (site: string): Promise<void> => {
    if (!keyChange) return;
    await send(site, "keys", "keys", keyChange.body, { lifetimeS: keysLifetimeS, retain: true, key: keyChange.key });
  };
  const tellPrices = (site: string, told: readonly PriceSeries[]): Promise<void>[] =>
    told.map((series) => send(site, "price", "price", series, { lifetimeS: priceLifetimeS, retain: true }));
  const announce = (site: string): Promise<void> =>
    quietly(
      Promise.all([tellKeys(site), heartbeat(site), ...tellPrices(site, priceList.told(clock.now()))]).then(() => undefined),
      "announcement",
    );
  // A home that says so in a flood must not keep the line to the others busy.
  const welcome = oneAtATime(async (site) => {
    await announce(site);
    await quietly(desk.resend(site), "sending plans again");
    await settlement?.inclusion.welcome(site);
  });
  const inbound = intake({
    aggregator: config.id,
    sites: new Set(sites),
    store,
    send,
    clock,
    log,
    rejections: refused,
    onState(site, { state }) {
      if (states.get(site) !== state) log.info({ site, state }, "home is now");
      states.set(site, state);
      desk.onState(site, state);
      if (state !== "ready") return;
      void clock.hold(welcome(site));
    },
    onResource: desk.onResource,
    onStatus: (site, status) => quietly(desk.onStatus(site, status), "reading a status"),
    onAnswer: desk.onAnswer,
    onSlots: (site) => void clock.hold(settlement?.proposals.advance(site) ?? Promise.resolve()),
    onSettlement: async (site, message) => settlement?.proposals.answer(site, message),
  });
  // Rows that the broker still holds of a home that took its data back are not kept again.
  const erased = new Set(await store.erasedSites());
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
    sites,
    states,
    isUnsettled: (site) => settlement?.isUnsettled(site) ?? false,
    rejected: refused.counts,
    owner: settlement?.owner ?? null,
    agreementOf: (site) => settlement?.agreements.get(site)?.agreement,
    signedAgreementOf: (site) => settlement?.agreements.get(site),
    pairOf: settlement?.pairOf ?? notSettled,
    logBytesOf: async (epoch) => settlement?.logBytesOf(epoch) ?? null,
    bundleOf: async (record) => {
      const agreement = settlement?.agreements.get(record.site);
      if (!agreement || !settlement) return null;
      const { owner, treeOf, rpcUrl } = settlement;
      return makeBundle(store, record, { agreement, owner, treeOf, rpc: rpcUrl });
    },
  });
  const server = serve({ fetch: app.fetch, hostname: config.listen.host, port: config.listen.port });
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", (cause) =>
      reject(
        new AppError(
          "api-cannot-listen",
          `cannot listen on ${config.listen.host}:${config.listen.port}: ${cause.message}; free it or change http.listen`,
          {
            cause,
          },
        ),
      ),
    );
  });
  opened.defer(async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    // A request that is never finished must not keep the rest from being closed in order.
    if ("closeAllConnections" in server) server.closeAllConnections();
    await promise;
  });
  // What was said before a restart still holds: no plan goes out before that is known.
  await desk.followOperators();
  link = startBrokerLink({
    id: config.id,
    broker: config.broker,
    log,
    random: Math.random,
    onConnect: () => void clock.hold(Promise.all(sites.map(announce)).then(() => undefined)),
    onMessage: (message) => void (erased.has(message.site) || inbound.take(message)),
  });
  opened.defer(() => connected().stop());
  const forAll = (work: (site: string) => Promise<void>): Promise<void> => Promise.all(sites.map(work)).then(() => undefined);
  const beat = (site: string): void => void quietly(heartbeat(site), "heartbeat");
  const followPrices = async (): Promise<void> => {
    const fresh = await priceList.look(clock.now());
    if (fresh.length === 0) return;
    log.info({ series: fresh.length, from: fresh[0]?.start }, "new prices");
    // Bound before they begin to count; a chain takes the time it takes, and the homes hear of them now.
    void settlement?.anchoring.tick();
    await forAll((site) =>
      quietly(
        Promise.all(tellPrices(site, fresh)).then(() => undefined),
        "announcing prices",
      ),
    );
    await desk.planAll();
  };
  // Nobody waits for the broker's word: the next one follows in a minute.
  clock.every(heartbeatMs, () => sites.forEach(beat), signal);
  clock.every(stepMs, () => forAll((site) => quietly(desk.resend(site), "sending plans again")), signal);
  clock.every(config.planEveryMs, () => desk.planAll(), signal);
  clock.every(operatorMs, () => quietly(desk.followOperators(), "following operators"), signal);
  clock.every(pricesMs, () => quietly(followPrices(), "reading prices"), signal);
  if (settlement) {
    clock.every(stepMs, () => forAll(settlement.proposals.advance), signal);
    // Prices are bound before they begin to count.
    void clock.hold(settlement.anchoring.tick());
    // A chain takes the time it takes; nothing here waits for it.
    clock.every(stepMs, () => void settlement.anchoring.tick(), signal);
  }
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : config.listen.port;
  const closing = opened.move();
  return {
    apiUrl: `http://${config.listen.host}:${port}`,
    ...(enrolmentPort !== undefined && { enrolmentPort }),
    async stop() {
      ending.abort();
      await closing.disposeAsync();
    },
  };
}
