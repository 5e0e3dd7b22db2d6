import mqtt from "mqtt";
import { aborted } from "../../core/aborted.ts";
import { AppError, errorMessage } from "../../core/app-error.ts";
import { type BrokerAccess, brokerConnection } from "../../core/broker-connection.ts";
import { iso } from "../../core/clock/clock.ts";
import type { PinnedKeys } from "../../core/envelope.ts";
import type { Log } from "../../core/log.ts";
import type { InstructionList } from "../../core/message/instruction.ts";
import { parseTopic, topic, topicFilter } from "../../core/topic.ts";
import { type FleetLine, fleetFigures } from "./fleet-figures.ts";
import { type LightHome, lightHome } from "./light-home.ts";

/** Names of so many homes, from a number on. */
export const fleetSites = ({ prefix, first, homes }: { prefix: string; first: number; homes: number }): string[] =>
  Array.from({ length: homes }, (_, at) => `${prefix}${first + at}`);

/** What a fleet is. */
export interface FleetOptions {
  aggregator: string;
  /** How a home reaches the broker; `{site}` in names of files and the user stands for the home. */
  broker: BrokerAccess;
  keys: PinnedKeys;
  sites: readonly string[];
  seed: number;
  /** Between two readings of a home, s. */
  everyS: number;
  log: Log;
  signal: AbortSignal;
  say: (line: FleetLine) => void;
  onInstruction?: (site: string, list: InstructionList) => void;
}

const statusEveryMs = 300_000;
const figuresEveryMs = 60_000;
/** Connections that are made in one second: a broker with TLS takes some ms for each. */
const connectsPerS = 100;
const tickMs = 100;

/**
 * Many light homes in one process, each with a connection of its own, until the signal aborts. Says a line when all are
 * connected, one with the figures of each minute, and one at the end. A home has its own place in each period, so that the load is even.
 */
export async function runFleet(options: FleetOptions): Promise<void> {
  const { sites, log, signal } = options;
  const figures = fleetFigures();
  await using opened = new AsyncDisposableStack();
  const homes: LightHome[] = [];
  let connected = 0;
  let saidWhy = false;
  for (const [index, site] of sites.entries()) {
    if (signal.aborted) return;
    const home = open(site, options.seed + index);
    homes.push(home);
    if (index % connectsPerS === connectsPerS - 1) await pause(1000, signal);
  }
  const line = (): FleetLine =>
    figures.line({
      homes: homes.length,
      connected,
      waiting: homes.reduce((sum, home) => sum + home.waiting(), 0),
      at: iso(Date.now()),
    });
  while (connected < sites.length && !signal.aborted) await pause(tickMs, signal);
  if (signal.aborted) {
    log.warn({ homes: sites.length, connected }, "ended before all homes were connected");
    return;
  }
  options.say({ ...line(), kind: "ready" });
  const beganMs = performance.now();
  const done = homes.map((_, index) => ({
    lived: Math.floor(index / homes.length - 1),
    told: Math.floor(index / homes.length - 1),
  }));
  /** A turn of each home in its own part of the period. */
  const turns = (key: "lived" | "told", everyMs: number, work: (home: LightHome) => Promise<void>): void => {
    const round = (performance.now() - beganMs) / everyMs;
    for (const [index, home] of homes.entries()) {
      const due = Math.floor(round - index / homes.length);
      const own = done[index];
      if (!own || due <= own[key] || due < 0) continue;
      own[key] = due;
      void work(home).catch((error: unknown) => log.debug({ site: home.site, error: errorMessage(error) }, "not sent"));
    }
  };
  const ticking = setInterval(() => {
    turns("lived", options.everyS * 1000, (home) => home.live());
    turns("told", statusEveryMs, (home) => home.tellStatus());
  }, tickMs);
  const saying = setInterval(() => options.say(line()), figuresEveryMs);
  opened.defer(() => [ticking, saying].forEach(clearInterval));
  await aborted(signal);
  options.say({ ...line(), kind: "end" });

  function open(site: string, seed: number): LightHome {
    const named = (text: string | undefined): string | undefined => text?.replaceAll("{site}", site);
    const { url } = options.broker;
    const [caFile, certFile, keyFile, username, passwordFile] = (
      ["caFile", "certFile", "keyFile", "username", "passwordFile"] as const
    ).map((key) => named(options.broker[key]));
    const access: BrokerAccess = {
      url,
      ...(caFile && { caFile }),
      ...(certFile && { certFile }),
      ...(keyFile && { keyFile }),
      ...(username && { username }),
      ...(passwordFile && { passwordFile }),
    };
    const up = (rest: string): string => topic(options.aggregator, site, "up", rest);
    const state = (now: string): string => JSON.stringify({ v: 1, state: now, boot: home.boot });
    const home = lightHome({
      site,
      seed,
      keys: options.keys,
      now: Date.now,
      async send(rest, body, retain = false) {
        if (!client.connected) throw new AppError("mqtt-offline", "not connected", { temporary: true });
        figures.sent(rest);
        await client.publishAsync(up(rest), JSON.stringify(body), { qos: 1, retain });
      },
      events: {
        ...figures.events,
        onInstruction(at, list) {
          figures.events.onInstruction();
          options.onInstruction?.(at, list);
        },
      },
    });
    const client = mqtt.connect({
      ...brokerConnection(access, "fleet"),
      clientId: site,
      protocolVersion: 4,
      clean: false,
      keepalive: 60,
      reconnectPeriod: 2000 + (seed % 3000),
      resubscribe: false,
      will: { topic: up("state"), payload: Buffer.from(state("lost")), qos: 1, retain: true },
    });
    client.on("connect", () => {
      connected++;
      client
        .subscribeAsync(topicFilter(options.aggregator, site, "dn"), { qos: 1 })
        .then(() => home.connected())
        .catch((error: unknown) => log.debug({ site, error: errorMessage(error) }, "not greeted"));
      client.stream.once("close", () => connected--);
    });
    client.on("error", (error) => {
      // What keeps one home out mostly keeps all out.
      log[saidWhy ? "debug" : "warn"]({ site, broker: url, error: errorMessage(error) }, "connection failed, retrying");
      saidWhy = true;
    });
    // One after the other, and confirmed to the broker once it was judged.
    client.handleMessage = ({ topic: name, payload }, taken) => {
      const parsed = parseTopic(name);
      if (parsed?.direction !== "dn" || parsed.aggregator !== options.aggregator || parsed.site !== site) return taken();
      void home.hear(parsed.rest, payload.toString()).then(
        () => taken(),
        () => taken(),
      );
    };
    opened.defer(() => client.endAsync(true));
    return home;
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}
