import { createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { brokerAccessOf, mqttBus, MqttBusOptions } from "../../../drivers/bus/mqtt-bus.ts";
import { freePort } from "../../../cli/free-port.ts";
import { homeBroker } from "../../fake/home-broker.ts";
import { peer } from "../../fake/peer.ts";
import { until } from "../../fake/until.ts";

const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "done", errorCode);

function bus(url: string, timeoutMs = 500) {
  const clock = fakeClock(0);
  const made = mqttBus({ access: { url }, clock, timeoutMs, reconnectMs: 20 });
  onTestFinished(() => made.close());
  const online = (): Promise<void> =>
    until("the bus is connected", async () => (await codeOf(made.publish("online", ""))) === "done");
  return { clock, bus: made, online };
}

const mosquitto = peer("mosquitto");

describe.skipIf(!mosquitto)("with Mosquitto", () => {
  it("keeps the newest message of a topic and its age", async () => {
    const broker = await homeBroker(mosquitto ?? "");
    const device = await broker.client();
    await device.publishAsync("state", "old", { qos: 1, retain: true });
    const { bus: line, clock, online } = bus(broker.url);
    line.listen("state");
    expect(line.last("state")).toBeNull();
    await online();
    await until("the retained message", () => line.last("state") !== null);
    expect(line.last("state")).toEqual({ text: "old", ageMs: 0, retained: true });
    await clock.advance(7_000);
    expect(line.last("state")?.ageMs).toBe(7_000);
    await device.publishAsync("state", "new", { qos: 1 });
    await device.publishAsync("other", "new", { qos: 1 });
    await until("the live message", () => line.last("state")?.text === "new");
    expect([line.last("state"), line.last("other")]).toEqual([{ text: "new", ageMs: 0, retained: false }, null]);
  });

  it("publishes with QoS 1, not retained", async () => {
    const broker = await homeBroker(mosquitto ?? "");
    const device = await broker.client();
    const came: [string, string, number, boolean][] = [];
    device.on("message", (topic, text, { qos, retain }) => came.push([topic, text.toString(), qos, retain]));
    await device.subscribeAsync("cmnd", { qos: 1 });
    const { bus: line, online } = bus(broker.url);
    await online();
    await line.publish("cmnd", "ON");
    await until("it came", () => came.length > 0);
    expect(came).toEqual([["cmnd", "ON", 1, false]]);
  });

  it("waits for the first connection: what is said at once arrives", async () => {
    const broker = await homeBroker(mosquitto ?? "");
    const device = await broker.client();
    await device.subscribeAsync("cmnd", { qos: 1 });
    device.on("message", () => device.publish("stat", "OFF"));
    const { bus: line } = bus(broker.url, 5_000);
    expect(await line.ask({ topic: "cmnd", text: "?" }, ["stat"], (text) => text)).toBe("OFF");
    const { bus: other } = bus(broker.url, 5_000);
    await other.publish("cmnd", "ON");
  });

  it("gives the first live answer that fits", async () => {
    const broker = await homeBroker(mosquitto ?? "");
    const device = await broker.client();
    await device.publishAsync("stat", "ON", { qos: 1, retain: true });
    await device.subscribeAsync("cmnd", { qos: 1 });
    device.on("message", (_topic, text) => {
      device.publish("other", "ON");
      device.publish("stat", "noise");
      device.publish("stat", text.toString() === "?" ? "OFF" : text);
    });
    const { bus: line, online } = bus(broker.url);
    await online();
    line.listen("other");
    const pick = (text: string): string | undefined => (text === "noise" ? undefined : text);
    expect(await line.ask({ topic: "cmnd", text: "?" }, ["stat"], pick)).toBe("OFF");
    expect(await codeOf(line.ask({ topic: "nobody", text: "?" }, ["stat"], pick))).toBe("mqtt-no-answer");
    expect(await codeOf(line.ask({ topic: "cmnd", text: "?" }, ["stat"], () => JSON.parse("{")))).toBe("unexpected");
  });

  it("comes back after the broker was away, and listens again", async () => {
    const broker = await homeBroker(mosquitto ?? "");
    const { bus: line, online } = bus(broker.url);
    line.listen("state");
    await online();
    await broker.stop();
    await until("it notices", async () => (await codeOf(line.publish("a", ""))) === "mqtt-offline");
    await broker.start();
    await online();
    const device = await broker.client();
    await until("it hears again", async () => {
      await device.publishAsync("state", "again", { qos: 1 });
      return line.last("state")?.text === "again";
    });
  });

  it("ends what waits when it is closed", async () => {
    const broker = await homeBroker(mosquitto ?? "");
    const { bus: line, online } = bus(broker.url, 20_000);
    await online();
    const waiting = codeOf(line.ask({ topic: "cmnd", text: "" }, ["stat"], () => undefined));
    await delay(20);
    await line.close();
    expect(await waiting).toBe("mqtt-closed");
    expect(await codeOf(line.publish("a", ""))).toBe("mqtt-closed");
  });
});

it("says that the broker is not there, and why", async () => {
  const { bus: line } = bus(`mqtt://127.0.0.1:${await freePort()}`);
  await until("the refusal is known", async () => {
    const error = await line.publish("a", "").catch((thrown: unknown) => thrown as Error);
    return error instanceof Error && error.message.includes("ECONNREFUSED");
  });
  await expect(line.publish("a", "")).rejects.toMatchObject({ code: "mqtt-offline", temporary: true });
});

it("never sends an old command after a reconnect", async () => {
  const published: string[] = [];
  const sockets: Socket[] = [];
  // A broker that takes the connection and swallows everything else.
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      if ((bytes[0] ?? 0) >> 4 === 1) socket.write(Buffer.from([0x20, 2, 0, 0]));
      if ((bytes[0] ?? 0) >> 4 === 3) published.push(bytes.toString("latin1"));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  const { bus: line } = bus(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, 100);
  await until("it is sent and not confirmed", async () => (await codeOf(line.publish("cmnd", "ON"))) === "mqtt-timeout");
  const first = published.length;
  sockets.forEach((socket) => socket.destroy());
  // What the library keeps it would send before this.
  await until("a later command is sent", async () => {
    await codeOf(line.publish("cmnd", "LATER"));
    return published.some((text) => text.includes("LATER"));
  });
  expect(published.slice(first).filter((text) => text.includes("ON"))).toEqual([]);
});

it("takes its options from YAML", () => {
  const options = MqttBusOptions.parse({ url: "mqtt://192.0.2.5", username: "sma", password_file: "/run/p" });
  expect(brokerAccessOf(options)).toEqual({ url: "mqtt://192.0.2.5", username: "sma", passwordFile: "/run/p" });
  expect(MqttBusOptions.safeParse({ url: "http://192.0.2.5" }).success).toBe(false);
});
