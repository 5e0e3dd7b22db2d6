import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, type ConnectionOptions } from "node:tls";
import mqtt, { type MqttClient } from "mqtt";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { startAgent } from "../../agent/main.ts";
import { aggregatorConfigFromYaml } from "../../aggregator/config/aggregator-config.ts";
import { AggregatorYaml } from "../../aggregator/config/schema.ts";
import { startAggregator } from "../../aggregator/main.ts";
import { readAgentConfig } from "../../cli/read-agent-config.ts";
import type { Clock } from "../../core/clock/clock.ts";
import { realClock } from "../../core/clock/real-clock.ts";
import { createControlKey } from "../../core/envelope.ts";
import { startP1Server } from "../../simulator/meter/p1-server.ts";
import { certificateAuthority } from "../fake/certificates.ts";
import { type Mosquitto, startMosquitto } from "../fake/mosquitto.ts";
import { peer } from "../fake/peer.ts";
import { scratch } from "../fake/scratch.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";
import { gatewayYaml } from "./gateway-yaml.ts";
import { telegrams } from "./telegrams.ts";

const [mosquitto, openssl] = [peer("mosquitto"), peer("openssl")];
const clock = realClock({ onError: (error) => expect.unreachable(String(error)) });
/** The same time, but whatever is done every some seconds is done five times a second. */
const hurriedClock: Clock = { ...clock, every: (periodMs, job, signal) => clock.every(Math.min(periodMs, 200), job, signal) };

describe.skipIf(!mosquitto || !openssl)("a real Mosquitto with the configuration of deploy/mosquitto", () => {
  let broker: Mosquitto;
  beforeAll(async () => {
    broker = await startMosquitto({ mosquitto: mosquitto ?? "", openssl: openssl ?? "" });
  });
  afterAll(() => broker.stop());

  const client = async (user: string, clientId = `test-${user}`): Promise<MqttClient> => {
    const connected = await broker.clientOf(user, { clientId });
    onTestFinished(() => connected.endAsync(true));
    return connected;
  };
  /** Everything that arrives at a client. */
  const arrivals = async (at: MqttClient, filter: string): Promise<string[]> => {
    const seen: string[] = [];
    at.on("message", (topic, payload) => seen.push(`${topic} ${payload.toString()}`));
    await at.subscribeAsync(filter, { qos: 1 }).catch(() => undefined);
    return seen;
  };

  it("carries an agent's rows to the aggregator, whose signed receipts empty the outbox", async () => {
    const folder = scratch("agent");
    const { privateJwk, publicJwk } = await createControlKey("control-1");
    const { certFile, keyFile } = broker.certificateOf("aggregator");
    writeFileSync(join(folder, "control.json"), JSON.stringify(privateJwk));
    const start = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000).toISOString();
    const prices = { v: 1, currency: "EUR", start, stepS: 3600, importPerKwh: ["210000"], exportPerKwh: ["70000"] };
    writeFileSync(join(folder, "prices.json"), JSON.stringify([prices]));
    const aggregatorLog = silentLog();
    const aggregator = await startAggregator({
      config: aggregatorConfigFromYaml(
        AggregatorYaml.parse({
          version: 1,
          id: "community",
          broker: { url: broker.url, ca_file: broker.authority.caFile, cert_file: certFile, key_file: keyFile },
          control_key_file: "control.json",
          sites: { "gw-e2e-1": {} },
          prices_file: "prices.json",
          storage: { path: "aggregator/data.db" },
          http: { listen: "127.0.0.1:0", open: true },
        }),
        folder,
      ),
      clock,
      log: aggregatorLog,
      version: "0",
    });
    onTestFinished(() => aggregator.stop());
    const p1 = await startP1Server(0);
    onTestFinished(() => p1.close());
    const bus = { type: "tcp", host: "127.0.0.1", port: p1.port };
    writeFileSync(join(folder, "agent.yaml"), gatewayYaml({ site: "gw-e2e-1", bus, broker, controlKeys: [publicJwk] }));
    const agentLog = silentLog();
    const agent = await startAgent({ config: readAgentConfig(join(folder, "agent.yaml")), clock: hurriedClock, log: agentLog });
    let stopped = false;
    const stop = async (): Promise<void> => {
      if (!stopped) await agent.stop();
      stopped = true;
    };
    onTestFinished(stop);
    await until("the agent listens to the meter", () => p1.clients() === 1);
    for (const telegram of telegrams({ fromMs: Date.now() - 25_000, count: 5, everyS: 10 })) p1.send(telegram);
    await until("rows were made and all receipted", () => agent.status().rows >= 3 && agent.status().buffered === 0);
    const { rows, delivered, connected, heartbeatAgeS } = agent.status();
    expect({ delivered, connected }).toEqual({ delivered: rows, connected: true });
    // The one of the welcome; the next comes after a minute.
    expect(heartbeatAgeS).toBeLessThan(60);
    const sites = (): Promise<unknown> => fetch(`${aggregator.apiUrl}/v1/sites`).then((response) => response.json());
    expect(await sites()).toEqual({ items: [{ site: "gw-e2e-1", state: "ready", rows, unsettled: false }] });
    await stop();
    await until("the aggregator heard the farewell", async () => JSON.stringify(await sites()).includes('"disconnected"'));
    expect([...agentLog.lines, ...aggregatorLog.lines]).toEqual([]);
  });

  it("keeps a gateway out of the topics of another, for writing and for reading", async () => {
    const [one, other, aggregator] = [await client("gw-a"), await client("gw-b"), await client("aggregator")];
    const atAggregator = await arrivals(aggregator, "sma/1/elm/+/up/#");
    const atOne = await arrivals(one, "sma/1/+/gw-a/dn/#");
    const [atOther] = await Promise.all([
      arrivals(other, "#"),
      other.subscribeAsync("sma/1/+/gw-a/dn/#", { qos: 1 }).catch(() => undefined),
      other.subscribeAsync("sma/1/+/+/up/#", { qos: 1 }).catch(() => undefined),
    ]);
    // What is forbidden goes first: once what is allowed has arrived, it would have arrived too.
    const forbidden = ["sma/1/elm/gw-a/up/meter", "sma/1/elm/gw-a/dn/state", "sma/1/elm/gw-b/dn/state", "elsewhere"];
    for (const topic of forbidden) await other.publishAsync(topic, "forged", { qos: 1 }).catch(() => undefined);
    await other.publishAsync("sma/1/elm/gw-b/up/meter", "own", { qos: 1 });
    await aggregator.publishAsync("sma/1/elm/gw-a/dn/state", "for a", { qos: 1 });
    await aggregator.publishAsync("sma/1/elm/gw-b/dn/state", "for b", { qos: 1 });
    await until("what is allowed has arrived", () => atAggregator.length > 0 && atOne.length > 0 && atOther.length > 0);
    expect(atAggregator).toEqual(["sma/1/elm/gw-b/up/meter own"]);
    expect(atOne).toEqual(["sma/1/elm/gw-a/dn/state for a"]);
    expect(atOther).toEqual(["sma/1/elm/gw-b/dn/state for b"]);
  });

  it("gives nothing that waits for a gateway to another one that takes its client id", async () => {
    const { certFile, keyFile } = broker.certificateOf("gw-c");
    const [ca, cert, key] = [broker.authority.caFile, certFile, keyFile].map((file) => readFileSync(file, "utf8"));
    const session = { clientId: "gw-c", clean: false, protocolVersion: 4, reconnectPeriod: 0 } as const;
    const owner = await mqtt.connectAsync(broker.url, { ...session, ...(ca && cert && key && { ca, cert, key }) }, false);
    await owner.subscribeAsync("sma/1/+/gw-c/dn/#", { qos: 1 });
    await owner.endAsync();
    const aggregator = await client("aggregator");
    await aggregator.publishAsync("sma/1/community/gw-c/dn/instr/boiler", "for c only", { qos: 1 });
    const seen: string[] = [];
    const { certFile: thiefCert, keyFile: thiefKey } = broker.certificateOf("gw-d");
    const thief = mqtt.connect(broker.url, {
      ...session,
      ca: ca ?? "",
      cert: readFileSync(thiefCert),
      key: readFileSync(thiefKey),
    });
    onTestFinished(() => thief.endAsync(true));
    thief.on("message", (topic, payload) => seen.push(`${topic} ${payload.toString()}`));
    await until("the other gateway is in", () => thief.connected);
    await thief.subscribeAsync("sma/1/+/gw-d/dn/#", { qos: 1 });
    await aggregator.publishAsync("sma/1/community/gw-c/dn/instr/boiler", "for c again", { qos: 1 });
    await aggregator.publishAsync("sma/1/community/gw-d/dn/instr/boiler", "for d", { qos: 1 });
    await until("what is its own has arrived", () => seen.includes("sma/1/community/gw-d/dn/instr/boiler for d"));
    expect(seen).toEqual(["sma/1/community/gw-d/dn/instr/boiler for d"]);
  });

  it.each<[string, () => ConnectionOptions]>([
    ["TLS 1.2", () => ({ ...filesOf(broker, "gw-a"), maxVersion: "TLSv1.2" })],
    ["a client without a certificate", () => ({ ca: readFileSync(broker.authority.caFile) })],
    ["a certificate of a foreign CA", () => foreign(broker)],
  ])("refuses %s", async (_, options) => {
    expect(await mqttAnswer(broker.port, options())).toBe("refused");
  });

  it("answers MQTT over TLS 1.3 with a client certificate", async () => {
    expect(await mqttAnswer(broker.port, filesOf(broker, "gw-a"))).toBe("TLSv1.3");
  });
});

function filesOf(broker: Mosquitto, user: string) {
  const { certFile, keyFile } = broker.certificateOf(user);
  return { ca: readFileSync(broker.authority.caFile), cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

function foreign(broker: Mosquitto) {
  const { certFile, keyFile } = certificateAuthority(openssl ?? "", scratch("foreign"), "foreign").issue("gw-a");
  return { ca: readFileSync(broker.authority.caFile), cert: readFileSync(certFile), key: readFileSync(keyFile) };
}

/** The TLS version over which the broker answers an MQTT CONNECT, or "refused" where it hangs up before. */
function mqttAnswer(port: number, options: ConnectionOptions): Promise<string> {
  const packet = Buffer.from([0x10, 15, 0, 4, ...Buffer.from("MQTT"), 4, 2, 0, 30, 0, 3, ...Buffer.from("raw")]);
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port, ...options });
    socket.once("secureConnect", () => socket.write(packet));
    socket.once("data", (answer: Buffer) => {
      resolve(answer[0] === 0x20 && answer[3] === 0 ? (socket.getProtocol() ?? "no TLS") : `answer ${answer.toString("hex")}`);
      socket.destroy();
    });
    socket.on("error", () => resolve("refused"));
    socket.once("close", () => resolve("refused"));
  });
}
