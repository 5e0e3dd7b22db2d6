import { Socket } from "node:net";
import mqtt from "mqtt";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { brokerConnection } from "../../core/broker-connection.ts";
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

/** The way to all homes. */
export interface BrokerLink {
  connected(): boolean;
  /** What matters is sent again until it is answered. @throws AppError mqtt-offline, temporary */
  publish(topic: string, text: string, retain: boolean): Promise<void>;
  stop(): Promise<void>;
}

/** A longer message is dropped unread. */
const maxMessageBytes = 1024 * 1024;

/** The aggregator's connection to the broker: hears `up/#` of every home. @throws AppError mqtt-file-unreadable */
export function startBrokerLink(options: {
  id: string;
  broker: AggregatorConfig["broker"];
  log: Log;
  random: () => number;
  onConnect: () => void;
  onMessage: (message: SiteMessage) => void;
}): BrokerLink {
  const { broker, log } = options;
  const client = mqtt.connect({
    ...brokerConnection(broker, "broker"),
    clientId: `aggregator-${options.id}`,
    protocolVersion: 4,
    clean: false,
    keepalive: 30,
    reconnectPeriod: 500 * (1 + options.random()),
    resubscribe: false,
  });
  let lost = false;
  let stopping = false;
  client.on("connect", () => {
    // Small messages that are awaited must not wait for company.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
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
    if (!lost && !stopping) log.warn({ broker: broker.url }, "broker connection lost, retrying");
    lost = true;
  });
  client.on("error", (error) => {
    // What cannot be read leaves the library deaf, with the connection open.
    if (client.connected) client.stream.destroy();
    log.debug({ error: errorMessage(error) }, "broker connection failed");
  });
  client.on("message", (name, payload) => {
    const parsed = parseTopic(name);
    if (!parsed || parsed.direction !== "up" || parsed.aggregator !== options.id || payload.length > maxMessageBytes) return;
    options.onMessage({ site: parsed.site, rest: parsed.rest, topic: name, text: payload.toString("utf8") });
  });
  return {
    connected: () => client.connected,
    async publish(name, text, retain) {
      if (!client.connected) throw new AppError("mqtt-offline", `broker ${broker.url} is not connected`, { temporary: true });
      await client.publishAsync(name, text, { qos: 1, retain });
    },
    async stop() {
      stopping = true;
      await client.endAsync(true);
    },
  };
}
