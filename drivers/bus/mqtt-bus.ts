import mqtt from "mqtt";
import { z } from "zod";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { brokerConnection, type BrokerAccess } from "../../core/broker-connection.ts";
import type { Clock } from "../../core/clock/clock.ts";
import { timedOut, within } from "./within.ts";

/** Options in YAML of a broker in the home. */
export const MqttBusOptions = z.strictObject({
  /** mqtt://host or mqtts://host */
  url: z.url({ protocol: /^mqtts?$/, error: "an mqtt:// or mqtts:// address" }),
  username: z.string().optional(),
  password_file: z.string().optional(),
  ca_file: z.string().optional(),
  timeout_ms: z.int().min(100).max(30_000).default(3_000),
});

/** The newest message of a topic. */
export interface MqttMessage {
  text: string;
  /** Since it came, ms; a retained one may be much older in truth. */
  ageMs: number;
  /** The broker had it already when we came. */
  retained: boolean;
}

/**
 * A client of a broker in the home; it connects again by itself. What cannot be sent now is not sent later: an old command
 * must not switch anything. Only the first connection is waited for, so that a program that has just begun can put things
 * into their safe state. Topics have no wildcards.
 * Calls throw AppError: mqtt-offline, mqtt-timeout (the broker does not confirm), mqtt-no-answer (the device is silent),
 * mqtt-closed; the first three are temporary.
 */
export interface MqttBus {
  readonly name: string;
  /** Sends with QoS 1, not retained unless that is said. Resolves when the broker has it. */
  publish(topic: string, text: string, options?: { retain?: boolean }): Promise<void>;
  /** Hands on each message of a topic that is sent from now on; never a retained one: what is old is no command. */
  follow(topic: string, take: (text: string) => void): void;
  /** Calls at each connection from now on: the broker may have forgotten everything since the last. */
  onConnect(connected: () => void): void;
  /** From now on keeps the newest message of a topic. */
  listen(topic: string): void;
  /** The newest message of a topic that is listened to; null while there was none. */
  last(topic: string): MqttMessage | null;
  /**
   * Sends a question and gives the first answer that `pick` makes something of.
   * @param answers topics; retained messages are no answers
   */
  ask<T>(
    question: { topic: string; text: string },
    answers: readonly string[],
    pick: (text: string, topic: string) => T | undefined,
  ): Promise<T>;
  close(): Promise<void>;
}

/** Much more than any switch says; what is longer is ignored. */
const mostBytes = 64 * 1024;

/** The access to the broker from options in YAML. */
export function brokerAccessOf(options: z.output<typeof MqttBusOptions>): BrokerAccess {
  const { url, username, password_file: passwordFile, ca_file: caFile } = options;
  return { url, ...(username && { username }), ...(passwordFile && { passwordFile }), ...(caFile && { caFile }) };
}

/**
 * Begins to connect; it need not succeed at once.
 * @param options.timeoutMs wall time for a confirmation or an answer; default 3000
 * @param options.reconnectMs wall time between two tries; default 2000
 * @throws AppError mqtt-file-unreadable
 */
export function mqttBus(options: { access: BrokerAccess; clock: Clock; timeoutMs?: number; reconnectMs?: number }): MqttBus {
  const { access, clock, timeoutMs = 3_000, reconnectMs = 2_000 } = options;
  const name = access.url;
  const heard = new Map<string, { text: string; atMs: number; retained: boolean } | null>();
  const granted = new Map<string, Promise<void>>();
  const waiting = new Set<(text: string, topic: string) => void>();
  const closing = new AbortController();
  let reason = "not connected yet";
  const client = mqtt.connect({
    ...brokerConnection(access, "buses"),
    protocolVersion: 4,
    clean: true,
    keepalive: 30,
    connectTimeout: 10_000,
    reconnectPeriod: reconnectMs,
    queueQoSZero: false,
    resubscribe: false,
  });
  const begun = Promise.withResolvers<void>();
  client.on("error", (error) => (reason = errorMessage(error)));
  client.on("close", begun.resolve);
  client.on("connect", () => {
    begun.resolve();
    reason = "connection lost";
    granted.clear();
    for (const topic of heard.keys()) void grant(topic);
  });
  client.on("message", (topic, payload, { retain }) => {
    if (payload.length > mostBytes || !heard.has(topic)) return;
    const text = payload.toString("utf8");
    heard.set(topic, { text, atMs: clock.monotonicMs(), retained: retain });
    if (!retain) for (const offer of waiting) offer(text, topic);
  });

  const grant = (topic: string): Promise<void> => {
    const known = granted.get(topic);
    if (known) return known;
    const asked = client.subscribeAsync(topic, { qos: 1 }).then(() => undefined);
    granted.set(topic, asked);
    asked.catch(() => granted.delete(topic));
    return asked;
  };
  const listen = (topic: string): void => {
    if (heard.has(topic)) return;
    heard.set(topic, null);
    if (client.connected) void grant(topic);
  };
  const assertOnline = async (): Promise<void> => {
    await within(begun.promise, timeoutMs, closing.signal).catch(() => undefined);
    closing.signal.throwIfAborted();
    if (!client.connected)
      throw new AppError("mqtt-offline", `broker ${name} is not connected (${reason}); check address, user and password`, {
        temporary: true,
      });
  };
  /** Waits for the broker; whatever it does not confirm is an AppError. */
  const confirmed = async <T>(work: Promise<T>, what: string): Promise<T> => {
    try {
      return await within(work, timeoutMs, closing.signal);
    } catch (cause) {
      closing.signal.throwIfAborted();
      const why = cause === timedOut ? `not within ${timeoutMs} ms` : errorMessage(cause);
      throw new AppError("mqtt-timeout", `broker ${name} did not confirm ${what}: ${why}; check its access list`, {
        temporary: true,
        cause,
      });
    }
  };
  const publish = async (topic: string, text: string, { retain = false } = {}): Promise<void> => {
    await assertOnline();
    const sent = client.publishAsync(topic, text, { qos: 1, retain });
    const id = client.getLastMessageId();
    try {
      await confirmed(sent, topic);
    } catch (error) {
      sent.catch(() => undefined);
      // The library would send it again after a reconnect, however old it is by then.
      client.removeOutgoingMessage(id);
      throw error;
    }
  };

  return {
    name,
    publish,
    listen,
    onConnect: (connected) => void client.on("connect", () => connected()),
    follow(topic, take) {
      listen(topic);
      waiting.add((text, from) => void (from === topic && take(text)));
    },
    last(topic) {
      const newest = heard.get(topic);
      if (!newest) return null;
      return { text: newest.text, ageMs: clock.monotonicMs() - newest.atMs, retained: newest.retained };
    },
    async ask<T>(
      question: { topic: string; text: string },
      answers: readonly string[],
      pick: (text: string, topic: string) => T | undefined,
    ) {
      await assertOnline();
      for (const topic of answers) listen(topic);
      await confirmed(Promise.all(answers.map(grant)), answers.join(", "));
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const offer = (text: string, topic: string): void => {
        if (!answers.includes(topic)) return;
        try {
          const picked = pick(text, topic);
          if (picked !== undefined) resolve(picked);
        } catch (error) {
          reject(error);
        }
      };
      promise.catch(() => undefined);
      waiting.add(offer);
      try {
        await publish(question.topic, question.text);
        return await within(promise, timeoutMs, closing.signal);
      } catch (cause) {
        if (cause !== timedOut) throw cause;
        throw new AppError(
          "mqtt-no-answer",
          `nobody answered ${question.topic} on ${answers.join(" or ")} within ${timeoutMs} ms; check the topic and the device`,
          { temporary: true },
        );
      } finally {
        waiting.delete(offer);
      }
    },
    async close() {
      if (closing.signal.aborted) return;
      closing.abort(new AppError("mqtt-closed", `the connection to ${name} is closed`));
      await client.endAsync(true);
      client.stream?.destroy();
    },
  };
}
