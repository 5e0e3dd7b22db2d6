import { readFileSync } from "node:fs";
import mqtt from "mqtt";
import { errorMessage } from "../../core/app-error.ts";
import { brokerAddress } from "../../core/broker-address.ts";
import type { Log } from "../../core/log.ts";
import { parseTopic, topicFilter } from "../../core/topic.ts";
import type { AggregatorConfig } from "../config/aggregator-config.ts";

/** A message from a home, not yet believed; `rest` is the topic after `up/`. */
export interface SiteMessage {
  site: string;
  rest: string;
  topic: string;
  text: string;
}

export interface BrokerLink {
  connected(): boolean;
  /** Rejects while offline; what matters is sent again until it is answered. */
  publish(topic: string, text: string, retain: boolean): Promise<void>;
  stop(): Promise<void>;
}

/** Handed on to node:tls, which mqtt.js does not type. */
const tls13 = { minVersion: "TLSv1.3" } as const;
const maxMessageBytes = 1024 * 1024;

/** The aggregator's connection to the broker: hears `up/#` of every home. */
export function startBrokerLink(options: {
  id: string;
  broker: AggregatorConfig["broker"];
  log: Log;
  random: () => number;
  onConnect: () => void;
  onMessage: (message: SiteMessage) => void;
}): BrokerLink {
  const { broker, log } = options;
  const read = (file: string | undefined): Buffer | undefined => (file === undefined ? undefined : readFileSync(file));
  const [ca, cert, key, password] = [read(broker.caFile), read(broker.certFile), read(broker.keyFile), read(broker.passwordFile)];
  const client = mqtt.connect({
    ...brokerAddress(broker.url),
    clientId: `aggregator-${options.id}`,
    protocolVersion: 4,
    clean: false,
    keepalive: 30,
    reconnectPeriod: 500 * (1 + options.random()),
    resubscribe: false,
    ...tls13,
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(broker.username && { username: broker.username }),
    ...(password && { password: password.toString("utf8").trim() }),
  });
  let lost = false;
  client.on("connect", () => {
    lost = false;
    log.info({ broker: broker.url }, "broker connected");
    client
      .subscribeAsync(topicFilter(options.id, "+", "up"), { qos: 1 })
      .then(options.onConnect)
      .catch((error: unknown) => {
        log.warn({ error: errorMessage(error) }, "broker refused the subscription; reconnecting");
        client.reconnect();
      });
  });
  client.on("close", () => {
    if (!lost) log.warn({ broker: broker.url }, "broker connection lost, retrying");
    lost = true;
  });
  client.on("error", (error) => log.debug({ error: errorMessage(error) }, "broker connection failed"));
  client.on("message", (name, payload) => {
    const parsed = parseTopic(name);
    if (!parsed || parsed.direction !== "up" || parsed.aggregator !== options.id || payload.length > maxMessageBytes) return;
    options.onMessage({ site: parsed.site, rest: parsed.rest, topic: name, text: payload.toString("utf8") });
  });
  return {
    connected: () => client.connected,
    async publish(name, text, retain) {
      if (!client.connected) throw new Error("broker not connected");
      await client.publishAsync(name, text, { qos: 1, retain });
    },
    stop: async () => client.endAsync(true),
  };
}
