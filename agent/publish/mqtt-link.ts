import { Socket } from "node:net";
import mqtt from "mqtt";
import { AppError, errorCode, errorMessage } from "../../core/app-error.ts";
import { brokerConnection, type BrokerConnection } from "../../core/broker-connection.ts";
import { maxEnvelopeBytes } from "../../core/envelope.ts";
import type { Log } from "../../core/log.ts";
import type { SiteState } from "../../core/message/resource.ts";
import { parseTopic, topic, topicFilter } from "../../core/topic.ts";
import type { AggregatorLink } from "../config/agent-config.ts";
import { brokerStream } from "./broker-stream.ts";

/** A message from the aggregator as it came, not yet believed. `rest` is the topic after `dn/`. */
export interface Arrival {
  rest: string;
  topic: string;
  text: string;
}

/** The gateway's connection to its aggregator. Publishing while offline fails at once: what matters waits in the outbox. */
export interface MqttLink {
  connected(): boolean;
  /** The longest message, as JSON in bytes, that the broker says to take on a topic; Infinity where it says nothing. */
  mostPayloadBytes(rest: string): number;
  /** Resolves when the broker has it (which is not delivery). @throws AppError mqtt-offline, temporary; mqtt-too-large */
  publish(rest: string, message: unknown, options?: { retain?: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/** How long the stop waits for the broker to hear the farewell. */
const politeMs = 1000;
/** MQTT 5 alone: what a broker keeps of a gateway that is away, and of a message that nobody fetches, s. */
const sessionExpiryS = 7 * 86_400;
const messageExpiryS = 3600;
/** What is read of a packet: a message of the largest size with its topic, and a little that shows that it was larger. */
const mostPacketBytes = maxEnvelopeBytes + 4096;
/** What stands before the rest of a packet: its kind, and its length at its longest. */
const mostHeaderBytes = 5;
/** Of a PUBLISH besides topic and payload: header, length of the topic, number, properties (an expiry at the most). */
const publishBytes = mostHeaderBytes + 2 + 2 + 6;
/** How a message by QoS 2 is refused: it is kept until a broker releases it, and one that never does would fill the memory. */
const implementationSpecificError = 131;
/** How a broker says that it does not speak MQTT 5: in 3.1.1's words, or in those of 5. */
const wrongVersion = new Set([1, 132]);
/** Between two tries; doubles from the least to the most. */
const reconnectMs = { least: 1000, most: 30_000 };

/**
 * Connects and stays connected, by MQTT 5 where the broker has it and 3.1.1 else, with a persistent MQTT session, a Last Will on up/state and jittered retries.
 * @param options.random in [0, 1)
 * @throws AppError mqtt-file-unreadable
 */
export function startMqttLink(options: {
  link: AggregatorLink;
  boot: string;
  log: Log;
  random: () => number;
  onConnect: () => void;
  /** Nothing more is read from the broker until it is done. */
  onArrival: (arrival: Arrival) => void | Promise<void>;
  onTooLarge: (topic: string, bytes: number) => void;
}): MqttLink {
  const { link, log } = options;
  const up = (rest: string): string => topic(link.id, link.gatewayId, "up", rest);
  const state = (now: SiteState["state"]): string => JSON.stringify({ v: 1, state: now, boot: options.boot } satisfies SiteState);
  const access = (): BrokerConnection => brokerConnection({ ...link, url: link.brokerUrl }, "aggregator");
  let connection = access();
  const client = new mqtt.MqttClient(() => brokerStream(connection, mostPacketBytes), {
    ...(connection.username !== undefined && { username: connection.username }),
    ...(connection.password !== undefined && { password: connection.password }),
    reconnectOnConnackError: connection.reconnectOnConnackError,
    clientId: link.clientId ?? link.gatewayId,
    protocolVersion: 5,
    // What is cut must still be within it, or the client itself hangs up.
    properties: { sessionExpiryInterval: sessionExpiryS, maximumPacketSize: mostPacketBytes + mostHeaderBytes },
    // All is subscribed by QoS 1, so no honest broker sends by 2.
    customHandleAcks: (_topic, _payload, { qos }, done) => done(qos === 2 ? implementationSpecificError : 0),
    clean: false,
    keepalive: 30,
    connectTimeout: 10_000,
    reconnectPeriod: reconnectMs.least * (1 + options.random()),
    queueQoSZero: false,
    resubscribe: false,
    will: { topic: up("state"), payload: Buffer.from(state("lost")), qos: 1, retain: true },
  });
  let failures = 0;
  let stopping = false;
  const mostPayloadBytes = (rest: string): number =>
    (client.serverProperties?.maximumPacketSize ?? Infinity) - publishBytes - Buffer.byteLength(up(rest));
  let saidTooLarge = false;
  const publish = async (rest: string, text: string, retain: boolean): Promise<void> => {
    if (!client.connected) throw new AppError("mqtt-offline", `broker ${link.brokerUrl} is not connected`, { temporary: true });
    const [bytes, mostBytes] = [Buffer.byteLength(text), mostPayloadBytes(rest)];
    if (bytes > mostBytes) {
      // It would hang up, and once more at each try.
      if (!saidTooLarge) log.warn({ rest, bytes, mostBytes }, "message not sent: larger than the broker takes (max_packet_size)");
      saidTooLarge = true;
      throw new AppError("mqtt-too-large", `message of ${bytes} bytes on up/${rest}, the broker takes ${mostBytes}`);
    }
    const expires = client.options.protocolVersion === 5 && !retain;
    await client.publishAsync(up(rest), text, {
      qos: 1,
      retain,
      ...(expires && { properties: { messageExpiryInterval: messageExpiryS } }),
    });
  };
  client.on("connect", () => {
    // Small messages that are awaited must not wait for company.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    failures = 0;
    client.options.reconnectPeriod = reconnectMs.least * (1 + options.random());
    const version = client.options.protocolVersion === 5 ? "5" : "3.1.1";
    log.info({ broker: link.brokerUrl, mqtt: version }, "broker connected");
    void (async () => {
      try {
        await client.subscribeAsync(topicFilter(link.id, link.gatewayId, "dn"), { qos: 1 });
        await publish("state", state("ready"), true);
        options.onConnect();
      } catch (error) {
        // The connection went first: the next one subscribes again, and after a stop there is none.
        if (!client.connected) return;
        log.warn({ error: errorMessage(error) }, "broker refused the subscription; reconnecting");
        client.stream.destroy();
      }
    })();
  });
  client.on("close", () => {
    // The library would send it again by itself before anything else. Whoever sent it does so, maybe in smaller pieces: one
    // that the broker does not bear would end each connection anew.
    for (const id of Object.keys(client.outgoing)) client.removeOutgoingMessage(Number(id));
    if (stopping) return;
    failures++;
    const backoffMs = Math.min(reconnectMs.most, reconnectMs.least * 2 ** Math.min(failures, 5));
    client.options.reconnectPeriod = backoffMs * (0.5 + options.random());
    // A certificate may have been renewed meanwhile.
    try {
      connection = access();
    } catch (error) {
      log.warn({ code: errorCode(error), error: errorMessage(error) }, "files of the connection not read again");
    }
    if (failures === 1) log.warn({ broker: link.brokerUrl }, "broker connection lost, retrying");
  });
  client.on("error", (error) => {
    // What cannot be read leaves the library deaf, with the connection open. Mosquitto, for one, refuses a large message in
    // words that MQTT 5 does not have.
    if (client.connected) client.stream.destroy();
    if (
      "code" in error &&
      typeof error.code === "number" &&
      wrongVersion.has(error.code) &&
      client.options.protocolVersion === 5
    ) {
      client.options.protocolVersion = 4;
      failures--;
      log.info({ broker: link.brokerUrl }, "broker does not speak MQTT 5, going on with 3.1.1");
      return;
    }
    if (failures <= 1) log.warn({ broker: link.brokerUrl, error: errorMessage(error) }, "broker connection failed");
  });
  const take = (name: string, payload: Buffer | string): void | Promise<void> => {
    const parsed = parseTopic(name);
    // A broker may keep the subscription to an aggregator that the gateway had before.
    const isOurs = parsed?.direction === "dn" && parsed.aggregator === link.id && parsed.site === link.gatewayId;
    if (!parsed || !isOurs) return;
    if (payload.length > maxEnvelopeBytes) return options.onTooLarge(name, payload.length);
    return options.onArrival({ rest: parsed.rest, topic: name, text: payload.toString("utf8") });
  };
  // By this and not by the event: a broker that floods is held up by its own connection, and nothing piles up here.
  client.handleMessage = ({ topic: name, payload }, done) => {
    const taken = take(name, payload);
    if (taken instanceof Promise) void taken.then(() => done(), done);
    else done();
  };
  return {
    connected: () => client.connected,
    mostPayloadBytes,
    publish: (rest, message, { retain = false } = {}) => publish(rest, JSON.stringify(message), retain),
    async stop() {
      stopping = true;
      // A broker that does not answer must not hold up the stop.
      const { promise: late, resolve: giveUp } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => giveUp(false), politeMs);
      const told = publish("state", state("disconnected"), true).then(
        () => true,
        () => false,
      );
      // Only a proper farewell keeps the broker from publishing the last will.
      if (await Promise.race([told, late])) await Promise.race([client.endAsync(false), late]);
      else await client.endAsync(true);
      clearTimeout(timer);
      client.stream.destroy();
    },
  };
}
