import { randomUUID } from "node:crypto";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import { type Clock, iso } from "../../core/clock/clock.ts";
import { importControlKey } from "../../core/envelope.ts";
import type { Log } from "../../core/log.ts";
import type { UftpMessage } from "../../core/message/uftp.ts";
import { readJsonFile } from "../../core/read-json-file.ts";
import type { Rejections } from "../../core/rejections.ts";
import { readSigningKey } from "../../core/read-signing-key.ts";
import { readUftpTls } from "../../core/uftp/read-uftp-tls.ts";
import { seenMessages } from "../../core/uftp/seen-messages.ts";
import { uftpClient } from "../../core/uftp/uftp-client.ts";
import { startUftpEndpoint } from "../../core/uftp/uftp-endpoint.ts";
import { uftpOutbox } from "../../core/uftp/uftp-outbox.ts";
import type { FeederConfig } from "../config/aggregator-config.ts";
import type { MarketAccess } from "../config/market-config.ts";
import type { Metrics } from "../observe/metrics.ts";
import { orderCharges } from "../reward/order-charges.ts";
import type { AggregatorStore } from "../store/aggregator-store.ts";
import type { FeederPortfolio } from "./feeder-portfolio.ts";
import { flexSettlements } from "./flex-settlements.ts";
import type { GridRecords } from "./grid-records.ts";
import { marketDesk, type MarketDesk } from "./market-desk.ts";
import { meteredAt } from "./metered-orders.ts";

/** An aggregator's place at the market of its grid operator. */
export interface RunningMarketAccess extends Pick<MarketDesk, "sessions" | "withdraw"> {
  /** Port at which messages are taken. */
  port: number;
  stop(): Promise<void>;
}

const stepMs = 10_000;
const lookMs = 60_000;

/** Listens, and speaks, to the grid operator. @throws AppError of files and addresses that cannot be used */
export async function openMarket(options: {
  access: MarketAccess;
  store: AggregatorStore;
  feeders: readonly FeederConfig[];
  portfolio: FeederPortfolio;
  /** The homes of a feeder are to be planned anew. */
  onOrder: (feeder: string) => void;
  records: GridRecords | null;
  rejections: Rejections;
  watch: Pick<Metrics, "flexAnswered" | "flexOrdered" | "flexSettled">;
  clock: Clock;
  log: Log;
}): Promise<RunningMarketAccess> {
  const { access, store, records, watch, clock, log } = options;
  const { domain, operator } = access;
  const ending = new AbortController();
  const { signal } = ending;
  const tls = readUftpTls(access.tls, domain);
  const key = await readSigningKey(access.keyFile, "market-key-unreadable");
  const pinned = await importControlKey(readJsonFile(operator.publicKeyFile, "market-key-unreadable"));
  const keys = new Map([[pinned.kid, pinned.key]]);
  const client = uftpClient({ tls, key });
  const outbox = uftpOutbox({
    client,
    urlOf: (other) => (other === operator.domain ? operator.url : undefined),
    clock,
    log,
    signal,
  });
  const now = (): number => clock.now();
  const meteredWh = meteredAt(access, options.feeders, store);
  const desk = marketDesk({
    access,
    store,
    portfolio: options.portfolio,
    send: outbox.send,
    async onOrder(order, feeder) {
      await store.freezeCharges(orderCharges(order, feeder), now());
      watch.flexOrdered(order.price);
      options.onOrder(feeder);
    },
    onAnswer: (seconds) => watch.flexAnswered(seconds),
    uuid: randomUUID,
    clock,
    log,
  });
  const settlements = flexSettlements({
    domain,
    store,
    meteredWh,
    uuid: randomUUID,
    now,
    onAnswered: (_, netMicro) => watch.flexSettled(netMicro),
    log,
  });
  const take = async (message: UftpMessage): Promise<void> => {
    switch (message.Message) {
      case "FlexSettlement":
        return outbox.send(await settlements.take(message));
      case "SettlementProposal": {
        if (!records)
          throw new AppError("flex-no-contract", "no contract about orders is configured here: they are only agreed on");
        const { Version, MessageID: _, TimeStamp: __, Record: ___, Evidence: ____, ...head } = message;
        const answer: UftpMessage = {
          ...head,
          Message: "SettlementAnswer",
          Version,
          SenderDomain: domain,
          RecipientDomain: message.SenderDomain,
          TimeStamp: iso(now()),
          MessageID: randomUUID(),
          ...(await records.proposed(message)),
        };
        return outbox.send([answer]);
      }
      case "SettlementCountersignature":
        return records?.countersigned(message);
      case "FlexReservationUpdate":
        throw new AppError("flex-nothing-reserved", "no capacity was reserved here by a contract: orders come from offers only");
      default:
        return desk.take(message);
    }
  };
  // A crash may have come between an order and its prices.
  for (const order of await store.flexOrders(now(), Number.MAX_SAFE_INTEGER)) {
    const feeder = access.points.find(({ point }) => point === order.point)?.feeder;
    if (feeder !== undefined) await store.freezeCharges(orderCharges(order, feeder), now());
  }
  const endpoint = await startUftpEndpoint({
    listen: access.listen,
    tls,
    domain,
    keysOf: (other) => (other === operator.domain ? keys : undefined),
    seen: seenMessages(),
    now,
    take,
    onRefused: (code, why) => options.rejections.note(code, operator.domain, why),
    log,
  }).catch((error: unknown) => {
    client.close();
    throw error;
  });
  const quietly = async (what: string, work: () => Promise<void>): Promise<void> => {
    await work().catch((error: unknown) =>
      log.warn({ what, code: errorCode(error), error: errorMessage(error) }, "failed, tried again later"),
    );
  };
  let working: Promise<void> = Promise.resolve();
  const step = (): Promise<void> => (working = quietly("prognoses for the grid operator", desk.step));
  const look = (): Promise<void> => quietly("settling orders", async () => outbox.send(await settlements.look()));
  clock.every(stepMs, step, signal);
  clock.every(lookMs, look, signal);
  void clock.hold(step());
  log.info({ domain, operator: operator.domain, port: endpoint.port }, "at the grid operator's market");
  return {
    port: endpoint.port,
    sessions: desk.sessions,
    withdraw: desk.withdraw,
    async stop() {
      ending.abort();
      await endpoint.stop();
      await outbox.idle();
      await working;
      client.close();
    },
  };
}
