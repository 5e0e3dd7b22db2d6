import { randomBytes } from "node:crypto";
import { serve } from "@hono/node-server";
import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import type { Clock } from "../../core/clock/clock.ts";
import { cannotListen, closed, listening } from "../../core/listening.ts";
import type { Log } from "../../core/log.ts";
import { PriceSeries } from "../../core/message/price-series.ts";
import { parseAs } from "../../core/parse-as.ts";
import { readJsonFile } from "../../core/read-json-file.ts";
import { chainClient } from "../../settlement/chain/chain-client.ts";
import { fileJournal } from "../../settlement/chain/file-journal.ts";
import type { Spent } from "../../settlement/chain/transactor.ts";
import { openKeystore } from "../../settlement/keys/keystore.ts";
import { readPassphrase } from "../../settlement/keys/read-passphrase.ts";
import { epochMaker } from "../../settlement/log/epoch-maker.ts";
import { fillMirrors } from "../../settlement/log/fill-mirrors.ts";
import { logPublisher } from "../../settlement/log/log-publisher.ts";
import { type SignedAgreement, householdOf } from "../../settlement/record/agreement.ts";
import { demandOwnPairs } from "../../settlement/record/own-pairs.ts";
import { readAgreement } from "../../settlement/record/read-agreement.ts";
import { exchangeDisputeStore } from "../store/exchange-dispute-store.ts";
import { exchangeEpochStore } from "../store/exchange-epoch-store.ts";
import { exchangeRecordStore } from "../store/exchange-record-store.ts";
import { exchangeStore } from "../store/exchange-store.ts";
import { openExchangeDatabase } from "../store/open-exchange-database.ts";
import type { BookRules } from "../exchange/order-book.ts";
import { pathFees } from "../exchange/path-fees.ts";
import { clearingHouse } from "./clearing-house.ts";
import { escrowFilling } from "./escrow-filling.ts";
import { exchangeChain } from "./exchange-chain.ts";
import type { ExchangeConfig } from "./exchange-config.ts";
import { exchangeDesk } from "./exchange-desk.ts";
import { exchangeRoutes } from "./exchange-routes.ts";
import { standings } from "./standings.ts";

/** A running exchange. */
export interface RunningExchange {
  apiUrl: string;
  stop(): Promise<void>;
}

/** An auction is held so soon after its time. */
const lookMs = 5000;
const chainMs = 60_000;

/** Wires and starts an exchange. @throws AppError where a file, key or address cannot be used */
export async function startExchange(options: {
  config: ExchangeConfig;
  clock: Clock;
  log: Log;
  version: string;
}): Promise<RunningExchange> {
  const { config, clock, log, version } = options;
  const { chainId, contract, rpcUrl } = config;
  const domain = { chainId, contract };
  const ending = new AbortController();
  await using opened = new AsyncDisposableStack();
  opened.defer(() => ending.abort());
  const { owner, agreements } = readAgreements(config);
  const balancing = config.balancingFile === undefined ? [] : readSeries(config.balancingFile);
  const wallet = await openKeystore(config.keyFile, readPassphrase(config.passphraseFile));
  const journal = fileJournal(config.keyFile.replace(/\.json$/, `.${chainId}.pending.json`));
  const chain = chainClient({ rpcUrl, chainId, contract, privateKey: wallet.privateKey, journal });
  opened.defer(() => chain.close());
  const db = openExchangeDatabase(config.databaseFile);
  opened.defer(() => void db.close());
  const [store, records] = [exchangeStore(db), exchangeRecordStore(db)];
  const participants = new Map(
    [...agreements].map(([household, { agreement }]) => [household, { name: agreement.site, agreement }]),
  );
  const rules: BookRules = {
    exchange: owner,
    ...config.times,
    zones: new Set(config.zones),
    fees: pathFees(config.fee, config.paths),
  };
  const forecasts = await store.forecasts();
  const standing = standings({
    participants,
    chain,
    store,
    records,
    forecasts,
    settlesDeviations: balancing.length > 0,
    clock,
    log,
  });
  const desk = await exchangeDesk({ rules, domain, store, standings: standing, clock, log });
  const salt = (): string => `0x${randomBytes(32).toString("hex")}`;
  const noteSpent: Spent = (what, { hash, gasUsed }) => Promise.resolve(log.debug({ what, tx: hash, gasUsed }, "paid for"));
  const fillUp = escrowFilling({ owner, wallet, chain, records, participants, levels: config.topUp, noteSpent, clock, log });
  const house = clearingHouse({
    participants,
    signer: wallet,
    chain,
    store,
    records,
    disputes: exchangeDisputeStore(db),
    onEscrowShort: (participant) => void fillUp(participant),
    balancing,
    salt,
    clock,
    log,
  });
  const { epochMs, settleMs, finality } = config;
  const epochStore = exchangeEpochStore(db);
  const publisher = logPublisher({ store: epochStore, owner, publishing: config.log });
  const anchor = exchangeChain({
    owner,
    chain,
    epochs: epochMaker({ store: epochStore, chain, owner, publisher, finality, noteSpent, log }),
    epochStore,
    onEpoch: [() => fillUp()],
    onFinal: [() => fillMirrors({ store: epochStore, publisher, owner, mirrors: config.log.mirrors, log })],
    rpcUrl,
    participants,
    records,
    balancing,
    epochMs,
    settleMs,
    clock,
    log,
  });
  const app = exchangeRoutes({
    rules: {
      v: 1,
      exchange: owner,
      chainId,
      contract,
      currency: config.currency,
      slotMinutes: rules.slotMinutes,
      gateS: rules.gateMs / 1000,
      horizonS: rules.horizonMs / 1000,
      everyS: rules.everyMs / 1000,
      zones: config.zones,
      fee: String(config.fee),
      paths: config.paths.map(({ from, to, fee }) => ({ from, to, fee: fee === null ? null : String(fee) })),
    },
    domain,
    agreements,
    suppliers: new Map(
      config.participants.flatMap(({ name, supplier }): [string, string][] => {
        const household = [...participants].find(([, one]) => one.name === name)?.[0];
        return household !== undefined && supplier !== null ? [[household, supplier]] : [];
      }),
    ),
    closedUntilMs: () => clock.now() + rules.gateMs,
    desk,
    house,
    anchor,
    logBytesOf: async (by, epoch) => (by === owner && (await epochStore.isCommitted(epoch)) ? publisher.bytesOf(epoch) : null),
    store,
    records,
    chain,
    balancing,
    version,
    clock,
    log,
  });
  const server = serve({ fetch: app.fetch, hostname: config.listen.host, port: config.listen.port });
  const port = await listening(
    server,
    config.listen,
    (cause) => new AppError("api-cannot-listen", cannotListen(config.listen, cause, "exchange.http.listen"), { cause }),
  );
  opened.defer(() => closed(server));
  // What an earlier run had on its way is seen through before anything new is sent.
  const resumed = chain.resume().catch((error: unknown) => log.warn({ error: String(error) }, "the chain is asked later"));
  void clock.hold(resumed.then(() => anchor.tick()));
  clock.every(lookMs, () => desk.tick(), ending.signal);
  clock.every(chainMs, () => void anchor.tick(), ending.signal);
  log.info({ exchange: owner, participants: participants.size, zones: config.zones }, "exchange started");
  const closing = opened.move();
  return {
    apiUrl: `http://${config.listen.host}:${port}`,
    async stop() {
      ending.abort();
      await closing.disposeAsync();
    },
  };
}

/** @throws AppError of readAgreement, market-no-participants, market-two-exchanges, agreement-twice */
function readAgreements(config: ExchangeConfig): { owner: string; agreements: Map<string, SignedAgreement> } {
  const signed = config.participants.map(({ name, agreementFile }) => readAgreement(agreementFile, name, config));
  const owner = signed[0]?.agreement.aggregator;
  if (owner === undefined)
    throw new AppError("market-no-participants", "exchange.participants names nobody; give each an agreement");
  for (const { agreement } of signed)
    if (agreement.aggregator !== owner || agreement.currency !== config.currency)
      throw new AppError(
        "market-two-exchanges",
        `the agreement with ${agreement.site} is with ${agreement.aggregator} in ${agreement.currency}, that of the first with ${owner} in ${config.currency}`,
      );
  demandOwnPairs(signed.map(({ agreement }) => [agreement.site, agreement]));
  return { owner, agreements: new Map(signed.map((one) => [householdOf(one.agreement), one])) };
}

/** @throws AppError prices-unreadable, prices-malformed */
function readSeries(file: string): PriceSeries[] {
  return parseAs(z.array(PriceSeries), readJsonFile(file, "prices-unreadable"), "prices-malformed", file);
}
