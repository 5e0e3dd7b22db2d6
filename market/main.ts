import { randomBytes, randomUUID } from "node:crypto";
import { AppError, errorCode, errorMessage } from "../core/app-error.ts";
import type { Clock } from "../core/clock/clock.ts";
import { importControlKey, type PinnedKeys } from "../core/envelope.ts";
import type { Log } from "../core/log.ts";
import { readJsonFile } from "../core/read-json-file.ts";
import { localDateOf } from "../core/slots.ts";
import { readSigningKey } from "../core/read-signing-key.ts";
import { readUftpTls } from "../core/uftp/read-uftp-tls.ts";
import { seenMessages } from "../core/uftp/seen-messages.ts";
import { uftpClient } from "../core/uftp/uftp-client.ts";
import { startUftpEndpoint } from "../core/uftp/uftp-endpoint.ts";
import { uftpOutbox } from "../core/uftp/uftp-outbox.ts";
import type { MarketConfig } from "./config/market-config.ts";
import type { FlexOperator } from "./flexibility/flex-operator.ts";
import { flexSessions, type FlexSessions } from "./flexibility/flex-sessions.ts";
import { openPaying } from "./flexibility/open-paying.ts";
import { recordDesk } from "./flexibility/record-desk.ts";
import { openMarketStore } from "./store/open-market-store.ts";

const stepMs = 1000;
const meteredMs = 60_000;
const recordsMs = 10_000;
/** A message is tried for an hour. */
const remindMs = 3_600_000;

/** What a running market tells whoever started it. */
export interface RunningMarket {
  /** Port at which messages are taken. */
  port: number;
  /** Of the grid operator, by local day. */
  sessions(): ReadonlyMap<string, FlexOperator>;
  stop(): Promise<void>;
}

/** Wires and starts the market. @throws AppError where a file, key or address cannot be used */
export async function startMarket({
  config,
  clock,
  log,
}: {
  config: MarketConfig;
  clock: Clock;
  log: Log;
}): Promise<RunningMarket> {
  const { domain, flexibility } = config;
  const ending = new AbortController();
  const { signal } = ending;
  const tls = readUftpTls(config.tls, domain);
  const key = await readSigningKey(config.keyFile, "market-key-unreadable");
  const keys = new Map<string, PinnedKeys>();
  for (const { domain: other, publicKeyFile } of flexibility.participants) {
    const { kid, key: pinned } = await importControlKey(readJsonFile(publicKeyFile, "market-key-unreadable"));
    keys.set(other, new Map([[kid, pinned]]));
  }
  const urls = new Map(flexibility.participants.map(({ domain: other, url }) => [other, url]));
  const store = await openMarketStore(config.databaseFile);
  const client = uftpClient({ tls, key });
  const outbox = uftpOutbox({ client, urlOf: (other) => urls.get(other), clock, log, signal });
  const now = (): number => clock.now();
  let closeChain: () => void = () => undefined;
  const abandoned = async (error: unknown): Promise<never> => {
    client.close();
    closeChain();
    await store.close();
    throw error;
  };
  const paying = await openPaying(config, log).catch(abandoned);
  if (paying) closeChain = () => paying.chain.close();
  let opened: FlexSessions | undefined;
  const records =
    paying &&
    recordDesk({
      ...paying,
      domain,
      store: store.records,
      sessions: () => opened?.sessions() ?? new Map(),
      send: outbox.send,
      salt: () => `0x${randomBytes(32).toString("hex")}`,
      uuid: randomUUID,
      now,
      log,
    });
  const sessions = await flexSessions({
    config,
    store,
    send: outbox.send,
    uuid: randomUUID,
    now,
    ...(records && { isDone: (operator) => records.isDone(operator) }),
    log,
  }).catch(abandoned);
  opened = sessions;
  const endpoint = await startUftpEndpoint({
    listen: config.listen,
    tls,
    domain,
    keysOf: (other) => keys.get(other),
    seen: seenMessages(sessions.known()),
    now,
    async take(message) {
      if (message.Message !== "SettlementAnswer") return sessions.take(message);
      if (!records)
        throw new AppError("market-flex-unexpected", "orders are not paid on chain here: there is no settlement section");
      await records.answer(message);
    },
    log,
  }).catch(abandoned);
  const quietly = async (work: () => Promise<void>): Promise<void> => {
    await work().catch((error: unknown) =>
      log.error({ code: errorCode(error), error: errorMessage(error) }, "market work failed"),
    );
  };
  clock.every(stepMs, () => quietly(() => sessions.step()), signal);
  if (records) clock.every(recordsMs, () => quietly(() => records.advance()), signal);
  clock.every(remindMs, () => quietly(() => sessions.remind()), signal);
  clock.every(meteredMs, () => quietly(() => sessions.readMeters()), signal);
  log.info({ domain, port: endpoint.port, date: localDateOf(now(), config.timezone) }, "market runs");
  return {
    port: endpoint.port,
    sessions: () => sessions.sessions(),
    async stop() {
      ending.abort();
      await endpoint.stop();
      await outbox.idle();
      client.close();
      await sessions.idle();
      closeChain();
      await records?.idle();
      await store.close();
    },
  };
}
