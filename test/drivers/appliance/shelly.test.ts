import { describe, expect, it, onTestFinished } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { fakeClock, type FakeClock } from "../../../core/clock/fake-clock.ts";
import type { MeteredRelay } from "../../../drivers/appliance/network-relay.ts";
import { shellyHttp, ShellyHttpOptions, shellyMqtt, ShellyMqttOptions } from "../../../drivers/appliance/shelly.ts";
import { httpBus } from "../../../drivers/bus/http-bus.ts";
import { mqttBus } from "../../../drivers/bus/mqtt-bus.ts";
import { homeBroker } from "../../fake/home-broker.ts";
import { peer } from "../../fake/peer.ts";
import { shellyGen1Http, shellyGen1Mqtt, shellyGen2Http, shellyGen2Mqtt, shellyInsides } from "../../fake/shelly-device.ts";
import { until } from "../../fake/until.ts";

const codeOf = (work: Promise<unknown> | undefined): Promise<string> => Promise.resolve(work).then(() => "done", errorCode);

interface Bench {
  relay: MeteredRelay;
  device: ReturnType<typeof shellyInsides>;
  clock: FakeClock;
}

async function http(generation: 1 | 2, options: { channel?: number; watts?: number | null } = {}) {
  const clock = fakeClock(0);
  const device = shellyInsides(clock, options.watts === undefined ? 812.5 : options.watts);
  const server = await (generation === 1 ? shellyGen1Http(device, clock) : shellyGen2Http(device));
  const bus = httpBus({ url: server.url, timeoutMs: 1_000 });
  onTestFinished(() => bus.close());
  const relay = shellyHttp({ name: "boiler", bus, generation, channel: options.channel ?? 0 });
  return { relay, device, clock, server };
}

async function mqtt(mosquitto: string, generation: 1 | 2, channel = 0) {
  const clock = fakeClock(0);
  const device = shellyInsides(clock);
  const broker = await homeBroker(mosquitto);
  const topic = generation === 1 ? "shellies/shelly1pm-A4CF12" : "shellyplus1pm-a8032ab1";
  const client = await broker.client();
  await (generation === 1 ? shellyGen1Mqtt(client, topic, device) : shellyGen2Mqtt(client, topic, device));
  const bus = mqttBus({ access: { url: broker.url }, clock, timeoutMs: 1500, reconnectMs: 20 });
  onTestFinished(() => bus.close());
  await until("the bus is connected", async () => (await codeOf(bus.publish("online", ""))) === "done");
  const relay = shellyMqtt({ name: "boiler", bus, generation, topic, channel, replyTo: "smart-mla/test" });
  return { relay, device, clock, client, topic, bus };
}

const mosquitto = peer("mosquitto");
const ways: [string, boolean, () => Promise<Bench>][] = [
  ["generation 1 over HTTP", true, () => http(1)],
  ["generation 2 over HTTP", true, () => http(2)],
];
const mqttWays: [string, boolean, () => Promise<Bench>][] = [
  ["generation 1 over MQTT (mosquitto)", false, () => mqtt(mosquitto ?? "", 1)],
  ["generation 2 over MQTT (mosquitto)", true, () => mqtt(mosquitto ?? "", 2)],
];

describe.each(ways)("%s", (_way, hasTimer, bench) => {
  behaves(hasTimer, bench);
});
describe.skipIf(!mosquitto).each(mqttWays)("%s", (_way, hasTimer, bench) => {
  behaves(hasTimer, bench);
});

function behaves(hasTimer: boolean, bench: () => Promise<Bench>): void {
  it("switches and reads back", async () => {
    const { relay, device } = await bench();
    expect(await relay.isClosed()).toBe(false);
    await relay.set(true);
    expect([device.look().on, await relay.isClosed()]).toEqual([true, true]);
    await relay.set(false);
    expect([device.look().on, await relay.isClosed()]).toEqual([false, false]);
    device.inside.stuck = true;
    expect(await codeOf(relay.set(true))).toBe("relay-not-switched");
  });

  it.runIf(hasTimer)("opens by its own timer unless it is renewed", async () => {
    const { relay, device, clock } = await bench();
    await relay.closeFor?.(60_900);
    await clock.advance(50_000);
    expect(await relay.isClosed()).toBe(true);
    await relay.closeFor?.(60_900);
    await clock.advance(50_000);
    expect(await relay.isClosed()).toBe(true);
    await clock.advance(10_001);
    expect([await relay.isClosed(), device.look().on]).toEqual([false, false]);
    await relay.closeFor?.(60_900);
    await relay.set(true);
    await clock.advance(90_000);
    expect(await relay.isClosed()).toBe(true);
    device.inside.timeless = true;
    expect(await codeOf(relay.closeFor?.(60_000))).toBe("relay-not-switched");
  });

  it.runIf(!hasTimer)("has no timer there", async () => expect((await bench()).relay.closeFor).toBeUndefined());
}

describe.each([1, 2] as const)("generation %d over HTTP", (generation) => {
  it("says what flows, where it has a meter", async () => {
    const { relay } = await http(generation);
    await relay.set(true);
    expect(await relay.powerW()).toBe(812.5);
    expect(await (await http(generation, { watts: null })).relay.powerW()).toBeNull();
  });

  it("says that the channel is not there", async () => {
    expect(await codeOf((await http(generation, { channel: 3 })).relay.set(true))).toBe("http-refused");
  });

  it("says that it is out of reach", async () => {
    const { relay, server } = await http(generation);
    await server.stop();
    expect(await codeOf(relay.isClosed())).toBe("http-unreachable");
  });
});

it("does not take another device for a Shelly", async () => {
  const { server } = await http(2);
  const bus = httpBus({ url: server.url, timeoutMs: 1_000 });
  onTestFinished(() => bus.close());
  const otherAnswer = { ...bus, getJson: async () => ({ was_on: false }) };
  expect(await codeOf(shellyHttp({ name: "x", bus: otherAnswer, generation: 2, channel: 0 }).isClosed())).toBe(
    "device-bad-reply",
  );
});

describe.skipIf(!mosquitto)("over MQTT with Mosquitto", () => {
  it("generation 1 says what flows while that is new", async () => {
    const { relay, clock, client, topic, bus } = await mqtt(mosquitto ?? "", 1);
    expect(await relay.powerW()).toBeNull();
    await relay.set(true);
    await until("the meter reported", async () => (await relay.powerW()) !== null);
    expect(await relay.powerW()).toBe(812.5);
    await clock.advance(120_001);
    expect(await relay.powerW()).toBeNull();
    await client.publishAsync(`${topic}/relay/0/power`, "none", { qos: 1 });
    await until("it came", () => bus.last(`${topic}/relay/0/power`)?.text === "none");
    expect(await relay.powerW()).toBeNull();
  });

  it("generation 1 reads a contact that protected itself as open", async () => {
    const { relay, client, topic } = await mqtt(mosquitto ?? "", 1);
    client.removeAllListeners("message");
    client.on("message", () => client.publish(`${topic}/relay/0`, "overpower"));
    expect(await relay.isClosed()).toBe(false);
  });

  it("generation 2 says what flows, and hands on the device's own error", async () => {
    const { relay } = await mqtt(mosquitto ?? "", 2);
    await relay.set(true);
    expect(await relay.powerW()).toBe(812.5);
    expect(await codeOf((await mqtt(mosquitto ?? "", 2, 3)).relay.isClosed())).toBe("device-refused");
  });

  it("generation 2 is not fooled by answers to others", async () => {
    const { relay, client, device } = await mqtt(mosquitto ?? "", 2);
    client.on("message", () => {
      client.publish("smart-mla/test/rpc", "no json");
      client.publish("smart-mla/test/rpc", JSON.stringify({ id: 0, result: { output: true } }));
    });
    expect(await relay.isClosed()).toBe(device.look().on);
  });

  it("says that a device is silent", async () => {
    const { relay, client } = await mqtt(mosquitto ?? "", 2);
    client.removeAllListeners("message");
    expect(await codeOf(relay.set(true))).toBe("mqtt-no-answer");
  });
});

it("takes its options from YAML", () => {
  expect(ShellyHttpOptions.parse({})).toEqual({ generation: 2, channel: 0 });
  expect(ShellyMqttOptions.parse({ topic: "shellies/a", generation: 1 })).toEqual({
    generation: 1,
    channel: 0,
    topic: "shellies/a",
  });
  for (const topic of ["a/#", "+/a", "a/", "a b"]) expect(ShellyMqttOptions.safeParse({ topic }).success).toBe(false);
});
