import { randomUUID } from "node:crypto";
import { AppError, errorCode, errorMessage } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import { spreadEvery } from "../core/clock/spread-every.ts";
import type { ControlKey } from "../core/envelope.ts";
import { fewAtATime } from "../core/few-at-a-time.ts";
import type { Log } from "../core/log.ts";
import type { SiteState } from "../core/message/resource.ts";
import type { SettlementUp } from "../core/message/settlement-message.ts";
import type { Rejections } from "../core/rejections.ts";
import type { PriceSeries } from "../core/message/price-series.ts";
import type { AggregatorConfig, FeederConfig } from "./config/aggregator-config.ts";
import { type BrokerLink, type SiteMessage, startBrokerLink } from "./dispatch/broker-link.ts";
import type { KeyChangeBody } from "./dispatch/key-change.ts";
import { oneAtATime } from "./dispatch/one-at-a-time.ts";
import { type Send, sender } from "./dispatch/sender.ts";
import { intake } from "./intake/intake.ts";
import type { Metrics } from "./observe/metrics.ts";
import { slowStore } from "./observe/slow-store.ts";
import { planningDesk, type PlanningDesk } from "./optimise/planning-desk.ts";
import type { PriceDesk } from "./optimise/price-desk.ts";
import type { Contracts } from "./reward/under-contract.ts";
import { hears, subscriptions } from "./share/subscriptions.ts";
import type { Share } from "./share/share.ts";
import type { AggregatorStore } from "./store/aggregator-store.ts";

const heartbeatMs = 60_000;
/** A home that has heard nothing for so long counts us as lost. */
const heartbeatLifetimeS = 180;
/** As long as prices may be needed that are announced only once. */
const priceLifetimeS = 7 * 24 * 3600;
/** A gateway that was off for a year still learns of new keys. */
const keysLifetimeS = 400 * 24 * 3600;
/** Homes that are told at the same time what all are told: receipts must not stand behind ten thousand others. */
const mostAnnouncing = 64;
/** What operators say is followed within this time. */
export const operatorMs = 5000;
/** A change of the prices' file is noticed within this time. */
const pricesMs = 10_000;
/** A database that does not answer is named within this time. */
const slowLookMs = 5000;
/** How a home is goes to the log so often at most. */
const quietMs = 30_000;
/** What was taken is stored and answered within this time when the process stops. */
const drainMs = 5000;
/** New slots and answers move things on at once; this is for what got lost. */
export const stepMs = 5 * 60_000;

/** What one process alone does with homes: it settles, and sends them their configuration. */
export interface Settling {
  onSlots(site: string): Promise<void>;
  onSettlement(site: string, message: SettlementUp): Promise<void>;
  onWelcome(site: string): Promise<void>;
  onPrices(): void;
}

/** The way to all homes before it is open: what is said fails, temporarily. */
export interface HomeLine {
  send: Send;
  /** @throws AppError mqtt-offline, temporary */
  link(): BrokerLink;
  open(link: BrokerLink): void;
}

/** @param watched what is sent passes through it, to be counted */
export function homeLine(
  options: { aggregator: string; key: ControlKey; store: AggregatorStore; share: Share; clock: Clock },
  watched: (send: Send) => Send = (send) => send,
): HomeLine {
  let opened: BrokerLink | null = null;
  const link = (): BrokerLink => {
    if (!opened) throw new AppError("mqtt-offline", "the broker is not connected yet", { temporary: true });
    return opened;
  };
  return { send: watched(sender({ ...options, link })), link, open: (now) => void (opened = now) };
}

/** All that listens and speaks to homes: intake, plans, heartbeats and prices, for the homes that this process holds. */
export interface Homes extends Pick<PlanningDesk, "onOrder" | "portfolio"> {
  /** Homes came from another worker: they are greeted and planned. */
  gained(sites: readonly string[]): void;
  /** Connects; operators' words are known before. */
  start(): Promise<void>;
  /** Takes nothing more, and ends when what was taken is stored and receipted. */
  drain(): Promise<void>;
}

/** Failures of work that comes round again are said and no more. */
export const quietWith =
  (log: Log) =>
  (work: Promise<void>, what: string): Promise<void> =>
    work.catch((error: unknown) =>
      log.warn({ what, code: errorCode(error), error: errorMessage(error) }, "failed, tried again later"),
    );

export function openHomes(options: {
  config: AggregatorConfig;
  line: HomeLine;
  store: AggregatorStore;
  share: Share;
  priceList: PriceDesk;
  feeders: readonly FeederConfig[];
  /** What homes have agreed to. */
  contracts: Contracts;
  /** Whether a home gets no flexibility because it does not sign what it is supplied with. */
  isUnsettled?: (site: string) => boolean;
  keyChange: KeyChangeBody | undefined;
  /** What homes say of themselves is kept here. */
  states: Map<string, SiteState["state"]>;
  /** Homes of which nothing is kept any more. */
  erased: ReadonlySet<string>;
  rejections: Rejections;
  /** Left out where another process settles. */
  settling?: Settling;
  watch?: Metrics;
  /** A home has another state than before. */
  onState?: (site: string, state: SiteState["state"]) => void;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}): Homes {
  const { config, line, share, priceList, states, settling, clock, log, signal } = options;
  // However fast a simulated clock runs, a database takes the time that it takes.
  const databaseTime = { monotonicMs: () => performance.now() };
  const { store, look: lookAtStore, waitsMs } = slowStore(options.store, { clock: databaseTime, log });
  options.watch?.watchDatabase(waitsMs);
  const { send } = line;
  const sites = config.sites.map(({ site }) => site);
  const known = new Set(sites);
  const held = (): string[] => sites.filter(share.holds);
  const quietly = quietWith(log);
  const desk = planningDesk({
    store,
    prices: priceList.book,
    send,
    sites,
    share,
    feeders: options.feeders,
    contracts: options.contracts,
    ...(options.isUnsettled && { isUnsettled: options.isUnsettled }),
    uuid: randomUUID,
    slotMinutes: config.slotMinutes,
    planEveryMs: config.planEveryMs,
    reserveQuantile: config.planReserveQuantile,
    points: config.market && new Map(config.market.points.map(({ feeder, point }) => [feeder, point])),
    threads: config.planThreads,
    quietly,
    ...(options.watch && { watch: options.watch }),
    clock,
    log,
    signal,
  });
  const heartbeat = (site: string): Promise<void> =>
    send(site, "heartbeat", "state", {}, { lifetimeS: heartbeatLifetimeS, retain: true });
  const { keyChange } = options;
  const tellKeys = async (site: string): Promise<void> => {
    if (!keyChange) return;
    await send(site, "keys", "keys", keyChange.body, { lifetimeS: keysLifetimeS, retain: true, key: keyChange.key });
  };
  const tellPrices = (site: string, told: readonly PriceSeries[]): Promise<void>[] =>
    told.map((series) => send(site, "price", "price", series, { lifetimeS: priceLifetimeS, retain: true }));
  const announcing = fewAtATime(mostAnnouncing);
  const announce = oneAtATime((site) =>
    announcing(() =>
      quietly(
        Promise.all([tellKeys(site), heartbeat(site), ...tellPrices(site, priceList.told(clock.now()))]).then(() => undefined),
        "announcement",
      ),
    ),
  );
  // A home that says so in a flood must not keep the line to the others busy.
  const welcome = oneAtATime(async (site) => {
    if (share.holds(site)) {
      await announce(site);
      await announcing(() => quietly(desk.resend(site), "sending plans again"));
    }
    await settling?.onWelcome(site);
  });
  /** When the log last heard how a home is. */
  const saidMs = new Map<string, number>();
  const inbound = intake({
    aggregator: config.id,
    sites: known,
    store,
    send,
    clock,
    log,
    rejections: options.rejections,
    onState(site, { state }) {
      if (states.get(site) !== state) {
        const isFresh = clock.monotonicMs() - (saidMs.get(site) ?? -Infinity) < quietMs;
        // One that comes and goes all the time must not fill the log.
        log[isFresh ? "debug" : "info"]({ site, state }, "home is now");
        if (!isFresh) saidMs.set(site, clock.monotonicMs());
        options.onState?.(site, state);
      }
      states.set(site, state);
      desk.onState(site, state);
      if (state !== "ready") return;
      void clock.hold(welcome(site));
    },
    onResource: desk.onResource,
    onTraded: desk.onTraded,
    onStatus: (site, status) => quietly(desk.onStatus(site, status), "reading a status"),
    onAnswer: desk.onAnswer,
    onSlots: (site) => void clock.hold(settling?.onSlots(site) ?? Promise.resolve()),
    onSettlement: async (site, message) => settling?.onSettlement(site, message),
  });
  const hearing = hears(share, settling !== undefined);
  const forHeld = (work: (site: string) => Promise<void>): Promise<void> => Promise.all(held().map(work)).then(() => undefined);
  const beating = new Set<string>();
  let started = false;
  const gained = (mine: readonly string[]): void => {
    if (!started) return;
    desk.onGain(mine);
    void clock.hold(Promise.all(mine.map(announce)).then(() => undefined));
  };
  /** False: it came too late to be taken, and is not confirmed to the broker either. */
  const take = (message: SiteMessage): boolean | Promise<void> => {
    if (options.erased.has(message.site) || !hearing(message)) return true;
    if (known.has(message.site)) options.watch?.message(message.site, message.rest, clock.now());
    if (!inbound.isOpen()) return false;
    void inbound.take(message);
    return inbound.room() ?? true;
  };
  const followPrices = async (): Promise<void> => {
    const fresh = await priceList.look(clock.now());
    if (fresh.length === 0) return;
    log.info({ series: fresh.length, from: fresh[0]?.start }, "new prices");
    settling?.onPrices();
    await forHeld((site) =>
      announcing(() =>
        quietly(
          Promise.all(tellPrices(site, fresh)).then(() => undefined),
          "announcing prices",
        ),
      ),
    );
    await desk.planAll();
  };
  return {
    gained,
    onOrder: desk.onOrder,
    portfolio: desk.portfolio,
    async start() {
      // What was said before a restart still holds: no plan goes out before that is known.
      await desk.followOperators();
      started = true;
      if (share.worker !== undefined) gained(held());
      line.open(
        startBrokerLink({
          id: config.id,
          broker: config.broker,
          ...subscriptions(config, share),
          log,
          random: Math.random,
          onConnect: () => void clock.hold(forHeld(announce)),
          onMessage: take,
        }),
      );
      const spreadHeld = (everyMs: number, work: (site: string) => void): void =>
        spreadEvery(clock, everyMs, sites, (site) => share.holds(site) && work(site), signal);
      // Nobody waits for the broker's word: the next one follows in a minute.
      spreadHeld(heartbeatMs, (site) => {
        // Where the one before still waits for its number, from the database, another would only wait behind it.
        if (beating.has(site)) return;
        beating.add(site);
        void quietly(heartbeat(site), "heartbeat").finally(() => beating.delete(site));
      });
      spreadHeld(stepMs, (site) => void clock.hold(quietly(desk.resend(site), "sending plans again")));
      clock.every(slowLookMs, lookAtStore, signal);
      clock.every(config.planEveryMs, () => desk.planAll(), signal);
      clock.every(operatorMs, () => quietly(desk.followOperators(), "following operators"), signal);
      clock.every(pricesMs, () => quietly(followPrices(), "reading prices"), signal);
    },
    async drain() {
      // A broker that does not confirm a receipt must not hold up the stop.
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, drainMs);
      await Promise.race([inbound.close(), late]);
      clearTimeout(timer);
    },
  };
}
