import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { serve } from "@hono/node-server";
import { AppError, errorCode, errorMessage } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import { importControlKey } from "../core/envelope.ts";
import type { Log } from "../core/log.ts";
import { rejections } from "../core/rejections.ts";
import type { SignedAgreement } from "../settlement/agreement.ts";
import { chainClient } from "../settlement/chain-client.ts";
import { openKeystore } from "../settlement/keystore.ts";
import { readAgreement } from "../settlement/read-agreement.ts";
import { readPassphrase } from "../settlement/read-passphrase.ts";
import { routes } from "./api/routes.ts";
import type { AggregatorConfig, AggregatorSettlement } from "./config/aggregator-config.ts";
import { startBrokerLink, type BrokerLink } from "./dispatch/broker-link.ts";
import { sender, type Send } from "./dispatch/sender.ts";
import { intake } from "./intake/intake.ts";
import { homePlanner } from "./optimise/home-planner.ts";
import { readPriceBook, type PriceBook } from "./optimise/price-book.ts";
import { anchor } from "./settle/anchor.ts";
import { makeBundle } from "./settle/make-bundle.ts";
import { proposer } from "./settle/proposer.ts";
import type { AggregatorStore } from "./store/aggregator-store.ts";
import { openStore } from "./store/open-store.ts";

const heartbeatMs = 60_000;
/** New slots and answers move things on at once; this is for what got lost. */
const stepMs = 5 * 60_000;

/** What a running aggregator tells whoever started it. */
export interface RunningAggregator {
  apiUrl: string;
  stop(): Promise<void>;
}

/** Wires and starts the aggregator. @throws AppError where a file, key or address cannot be used */
export async function startAggregator(options: { config: AggregatorConfig; clock: Clock; log: Log }): Promise<RunningAggregator> {
  const { config, clock, log } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const sites = config.sites.map(({ site }) => site);
  const prices = readPriceBook(config.pricesFile);
  const key = await importControlKey(readJson(config.controlKeyFile));
  const store = await openStore(config.databaseFile);
  const refused = rejections(log);
  const states = new Map<string, string>();
  let link: BrokerLink | null = null;
  const connected = (): BrokerLink => {
    if (!link) throw new AppError("mqtt-offline", "the broker is not connected yet", { temporary: true });
    return link;
  };
  const send = sender({ aggregator: config.id, key, store, link: connected, clock });
  const planner = homePlanner({ store, prices, send, uuid: randomUUID, slotMinutes: config.slotMinutes, clock, log });
  const settlement = config.settlement && (await openSettlement(config, config.settlement, { store, prices, send, clock, log }));
  const quietly = (work: Promise<void>, what: string): Promise<void> =>
    work.catch((error: unknown) =>
      log.warn({ code: errorCode(error), error: errorMessage(error) }, `${what} failed, tried again later`),
    );

  const announce = (site: string): Promise<void> =>
    quietly(
      Promise.all([
        send(site, "heartbeat", "state", {}, { lifetimeS: 180, retain: true }),
        ...prices.series.map((series) => send(site, "price", "price", series, { lifetimeS: 7 * 24 * 3600, retain: true })),
      ]).then(() => undefined),
      "announcement",
    );
  const waiting = new Set<string>();
  const replanSoon = (site: string): void => {
    if (waiting.has(site)) return;
    waiting.add(site);
    // A home describes its resources one after the other; one plan for all of them.
    clock.after(
      10_000,
      async () => {
        waiting.delete(site);
        await quietly(planner.plan(site), "planning");
      },
      signal,
    );
  };
  const inbound = intake({
    sites: new Set(sites),
    store,
    send,
    clock,
    log,
    rejections: refused,
    onState(site, { state }) {
      if (states.get(site) !== state) log.info({ site, state }, "home is now");
      states.set(site, state);
      if (state !== "ready") return;
      void clock.hold(announce(site).then(() => quietly(planner.resend(site), "sending plans again")));
    },
    onResource: replanSoon,
    onSlots: (site) => void clock.hold(settlement?.proposals.advance(site) ?? Promise.resolve()),
    onSettlement: async (site, message) => settlement?.proposals.answer(site, message),
  });
  link = startBrokerLink({
    id: config.id,
    broker: config.broker,
    log,
    random: Math.random,
    onConnect: () => void clock.hold(Promise.all(sites.map(announce)).then(() => undefined)),
    onMessage: (message) => void inbound.take(message),
  });
  const forAll = (work: (site: string) => Promise<void>): Promise<void> => Promise.all(sites.map(work)).then(() => undefined);
  const beat = (site: string): void =>
    void quietly(send(site, "heartbeat", "state", {}, { lifetimeS: 180, retain: true }), "heartbeat");
  // Nobody waits for the broker's word: the next one follows in a minute.
  clock.every(heartbeatMs, () => sites.forEach(beat), signal);
  clock.every(stepMs, () => forAll((site) => quietly(planner.resend(site), "sending plans again")), signal);
  clock.every(config.planEveryMs, () => forAll((site) => quietly(planner.plan(site), "planning")), signal);
  if (settlement && config.settlement) {
    clock.every(stepMs, () => forAll(settlement.proposals.advance), signal);
    // A chain takes the time it takes; nothing here waits for it.
    clock.every(config.settlement.epochMs, () => void quietly(settlement.anchoring.run(), "anchoring"), signal);
  }
  const app = routes({
    store,
    sites,
    states,
    rejected: refused.counts,
    bundleOf: async (record) => {
      const agreement = settlement?.agreements.get(record.site);
      if (!agreement || !settlement) return null;
      return makeBundle(store, record, { agreement, owner: settlement.owner, rpc: settlement.rpcUrl });
    },
  });
  const server = serve({ fetch: app.fetch, hostname: config.listen.host, port: config.listen.port });
  await new Promise<void>((resolve, reject) => {
    server.once("listening", resolve);
    server.once("error", (cause) =>
      reject(
        new AppError("api-cannot-listen", `cannot listen on ${config.listen.host}:${config.listen.port}: ${cause.message}`, {
          cause,
        }),
      ),
    );
  });
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : config.listen.port;
  return {
    apiUrl: `http://${config.listen.host}:${port}`,
    async stop() {
      ending.abort();
      await connected().stop();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      settlement?.close();
      await store.close();
    },
  };
}

interface Rooms {
  store: AggregatorStore;
  prices: PriceBook;
  send: Send;
  clock: Clock;
  log: Log;
}

async function openSettlement(config: AggregatorConfig, settlement: AggregatorSettlement, rooms: Rooms) {
  const signed = new Map<string, SignedAgreement>();
  for (const { site, agreementFile } of config.sites)
    if (agreementFile) signed.set(site, readAgreement(agreementFile, site, settlement));
  const agreements = new Map([...signed].map(([site, { agreement }]) => [site, agreement]));
  const wallet = await openKeystore(settlement.keyFile, readPassphrase(settlement.passphraseFile));
  const { rpcUrl, chainId, contract } = settlement;
  const chain = chainClient({ rpcUrl, chainId, contract, privateKey: wallet.privateKey });
  const [owner, ...others] = new Set([...agreements.values()].map(({ aggregator }) => aggregator));
  if (owner === undefined || others.length > 0)
    throw new AppError(
      "settlement-no-party",
      owner === undefined
        ? "there is a settlement section, but no site has an agreement_file"
        : `the agreements name different aggregators: ${[owner, ...others].join(", ")}`,
    );
  return {
    agreements: signed,
    owner,
    rpcUrl,
    proposals: proposer({ ...rooms, agreements, signer: wallet, chain, salt: () => `0x${randomBytes(32).toString("hex")}` }),
    anchoring: anchor({ store: rooms.store, chain, owner, agreements, log: rooms.log }),
    close: () => chain.close(),
  };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw new AppError("control-key-unreadable", `${file} cannot be read as a JSON key: ${errorMessage(cause)}`, { cause });
  }
}
