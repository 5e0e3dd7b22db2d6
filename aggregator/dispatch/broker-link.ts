import { Socket } from "node:net";
import mqtt from "mqtt";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { brokerConnection } from "../../core/broker-connection.ts";
import type { Log } from "../../core/log.ts";
import { parseTopic } from "../../core/topic.ts";
import type { AggregatorConfig } from "../config/aggregator-config.ts";
import { writeTogether } from "./write-together.ts";

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

/** The aggregator's connection to the broker: hears what every home sends up. @throws AppError mqtt-file-unreadable */
export function startBrokerLink(options: {
  id: string;
  broker: AggregatorConfig["broker"];
  log: Log;
  /** What it subscribes to. */
  filters: readonly string[];
  clientId: string;
  /** Whether the broker keeps for it what comes while it is away. */
  keep: boolean;
  random: () => number;
  onConnect: () => void;
  /**
   * False: it is not taken, and the broker is left to believe that it has not arrived. A promise: nothing more is read from the
   * broker until it is done.
   */
  onMessage: (message: SiteMessage) => boolean | Promise<void>;
}): BrokerLink {
  const { broker, log } = options;
  const client = mqtt.connect({
    ...brokerConnection(broker, "broker"),
    clientId: options.clientId,
    // Shared subscriptions are of MQTT 5; all else is of 3.1.1, too.
    protocolVersion: options.keep ? 4 : 5,
    clean: !options.keep,
    keepalive: 30,
    reconnectPeriod: 500 * (1 + options.random()),
    resubscribe: false,
  });
  let lost = false;
  let saidWhy = false;
  let stopping = false;
  client.on("connect", () => {
    // Small messages that are awaited must not wait for company.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    lost = saidWhy = false;
    log.info({ broker: broker.url }, "broker connected");
    client
      .subscribeAsync([...options.filters], { qos: 1 })
      .then(options.onConnect)
      .catch((error: unknown) => {
        // The connection went first: the next one subscribes again, and after a stop there is none.
        if (!client.connected) return;
        log.warn({ error: errorMessage(error) }, "broker refused the subscription; reconnecting");
        // Not by the library's own way to connect anew, which forgets what is not confirmed.
        client.stream.destroy();
      });
  });
  client.on("close", () => {
    if (!lost && !stopping) log.warn({ broker: broker.url }, "broker connection lost, retrying");
    lost = true;
  });
  client.on("error", (error) => {
    // What cannot be read leaves the library deaf, with the connection open.
    if (client.connected) client.stream.destroy();
    // Once in each outage: the same is tried again every second.
    log[saidWhy ? "debug" : "warn"]({ broker: broker.url, error: errorMessage(error) }, "broker connection failed");
    saidWhy = true;
  });
  const take = (name: string, payload: Buffer | string): boolean | Promise<void> => {
    const parsed = parseTopic(name);
    if (!parsed || parsed.direction !== "up" || parsed.aggregator !== options.id || payload.length > maxMessageBytes) return true;
    return options.onMessage({ site: parsed.site, rest: parsed.rest, topic: name, text: payload.toString("utf8") });
  };
  // By this and not by the event: what is not taken is not confirmed, so that the broker sends it again after a restart.
  const together = writeTogether();
  client.handleMessage = ({ topic, payload }, done) => {
    const taken = take(topic, payload);
    together(client.stream);
    if (taken === true) done();
    else if (taken) void taken.then(() => done());
  };
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
