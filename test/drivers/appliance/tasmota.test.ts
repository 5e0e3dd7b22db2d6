import { describe, expect, it, onTestFinished } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { fakeClock, type FakeClock } from "../../../core/clock/fake-clock.ts";
import type { MeteredRelay } from "../../../drivers/appliance/network-relay.ts";
import { pulseTime, tasmotaHttp, tasmotaMqtt, TasmotaMqttOptions } from "../../../drivers/appliance/tasmota.ts";
import { httpBus } from "../../../drivers/bus/http-bus.ts";
import { mqttBus } from "../../../drivers/bus/mqtt-bus.ts";
import { homeBroker } from "../../fake/home-broker.ts";
import { peer } from "../../fake/peer.ts";
import { tasmotaHttpDevice, tasmotaInsides, tasmotaMqttDevice } from "../../fake/tasmota-device.ts";
import { until } from "../../fake/until.ts";

const codeOf = (work: Promise<unknown> | undefined): Promise<string> => Promise.resolve(work).then(() => "done", errorCode);

interface Bench {
  relay: MeteredRelay;
  device: ReturnType<typeof tasmotaInsides>;
  clock: FakeClock;
  at: number;
  /** The relay as another process makes it. */
  another: () => MeteredRelay;
}
const mosquitto = peer("mosquitto");

async function http(relays: number, relay: number, login = ""): Promise<Bench> {
  const clock = fakeClock(0);
  const device = tasmotaInsides(clock, relays);
  const server = await tasmotaHttpDevice(device);
  const bus = httpBus({
    url: server.url,
    timeoutMs: 1_000,
    ...(login && { login: { auth: "query", username: "admin", password: login } }),
  });
  onTestFinished(() => bus.close());
  const another = (): MeteredRelay => tasmotaHttp({ name: "boiler", bus, relay });
  return { relay: another(), another, device, clock, at: relay - 1 };
}

async function mqtt(relays: number, relay: number, fullTopic = "%prefix%/%topic%/"): Promise<Bench> {
  const clock = fakeClock(0);
  const device = tasmotaInsides(clock, relays);
  const broker = await homeBroker(mosquitto ?? "");
  const of = (prefix: string): string => fullTopic.replace("%prefix%", prefix).replace("%topic%", "plug").replace(/\/$/, "");
  await tasmotaMqttDevice(await broker.client(), { cmnd: of("cmnd"), stat: of("stat") }, device);
  const bus = mqttBus({ access: { url: broker.url }, clock, timeoutMs: 1500, reconnectMs: 20 });
  onTestFinished(() => bus.close());
  await until("the bus is connected", async () => (await codeOf(bus.publish("online", ""))) === "done");
  const another = (): MeteredRelay => tasmotaMqtt({ name: "boiler", bus, relay, topic: "plug", fullTopic });
  return { relay: another(), another, device, clock, at: relay - 1 };
}

const ways: [string, () => Promise<Bench>][] = [
  ["one relay over HTTP", () => http(1, 1)],
  ["the second of four relays over HTTP", () => http(4, 2)],
];
const mqttWays: [string, () => Promise<Bench>][] = [
  ["one relay over MQTT (mosquitto)", () => mqtt(1, 1)],
  ["the second of four relays over MQTT (mosquitto)", () => mqtt(4, 2, "home/%topic%/%prefix%")],
];

describe.each(ways)("%s", (_way, bench) => {
  behaves(bench);
});
describe.skipIf(!mosquitto).each(mqttWays)("%s", (_way, bench) => {
  behaves(bench);
});

function behaves(bench: () => Promise<Bench>): void {
  it("switches and reads back", async () => {
    const { relay, device, at } = await bench();
    expect(await relay.isClosed()).toBe(false);
    await relay.set(true);
    expect([device.inside.on[at], await relay.isClosed()]).toEqual([true, true]);
    await relay.set(false);
    expect([device.inside.on[at], await relay.isClosed()]).toEqual([false, false]);
    device.inside.stuck = true;
    expect(await codeOf(relay.set(true))).toBe("relay-not-switched");
  });

  it("opens by its own timer unless it is renewed", async () => {
    const { relay, device, clock } = await bench();
    for (let turn = 0; turn < 3; turn++) {
      await relay.closeFor?.(60_900);
      await clock.advance(50_000);
      expect(await relay.isClosed()).toBe(true);
    }
    // A flash cell lives for some 100,000 writes.
    expect(device.inside.flash).toBe(1);
    await clock.advance(10_001);
    expect(await relay.isClosed()).toBe(false);
    await relay.closeFor?.(60_900);
    await relay.set(true);
    await clock.advance(90_000);
    expect(await relay.isClosed()).toBe(true);
  });

  it("sees that a timer turned round would close the contact", async () => {
    const { relay, device } = await bench();
    device.inside.inverse = true;
    expect(await codeOf(relay.closeFor?.(60_000))).toBe("relay-not-switched");
  });

  it("leaves a timer of the owner alone", async () => {
    const { relay, device, at } = await bench();
    device.inside.pulse[at] = 700;
    await relay.set(true);
    expect(device.inside.pulse[at]).toBe(700);
  });

  it.each([0, 700])("leaves no time of its own behind when it opens, where the owner had set %i", async (owners) => {
    const { relay, another, device, at, clock } = await bench();
    device.inside.pulse[at] = owners;
    await relay.closeFor?.(10_000);
    expect(device.inside.pulse[at]).toBe(100);
    await relay.set(false);
    expect([device.inside.on[at], device.inside.pulse[at]]).toEqual([false, owners]);
    // A process that comes later closes it for good.
    const later = another();
    await later.set(true);
    await clock.advance(60_000);
    expect(await later.isClosed()).toBe(true);
  });

  it("leaves no time behind either where it failed to close, or to give it back at first", async () => {
    const { relay, device, at } = await bench();
    device.inside.stuck = true;
    expect(await codeOf(relay.closeFor?.(10_000))).toBe("relay-not-switched");
    expect(device.inside.pulse[at]).toBe(100);
    device.inside.keepsPulse = true;
    expect(await codeOf(relay.set(false))).toBe("device-refused");
    device.inside.keepsPulse = false;
    await relay.set(false);
    expect(device.inside.pulse[at]).toBe(0);
  });

  it("says what flows, where it has a meter", async () => {
    const { relay, device, at } = await bench();
    expect(await relay.powerW()).toBe(1_999);
    device.inside.watts = [1, 2, 3, 4];
    expect(await relay.powerW()).toBe(at + 1);
    device.inside.watts = null;
    expect(await relay.powerW()).toBeNull();
  });
}

it("says that a relay is not there", async () => {
  expect(await codeOf((await http(1, 3)).relay.set(true))).toBe("device-refused");
});

it.skipIf(!mosquitto)("says that a relay is not there over MQTT (mosquitto)", async () => {
  expect(await codeOf((await mqtt(1, 3)).relay.set(true))).toBe("device-refused");
});

it("logs in as the manual says, and says when that is wrong", async () => {
  const right = await http(1, 1, "geheim");
  right.device.inside.password = "geheim";
  expect(await right.relay.isClosed()).toBe(false);
  right.device.inside.password = "anders";
  expect(await codeOf(right.relay.isClosed())).toBe("device-refused");
});

it.each([
  [1, 10],
  [11, 110],
  [12, 112],
  [13, 113],
  [600, 700],
  [65_435, 65_535],
])("writes %i s as PulseTime %i, as its manual says", (seconds, value) => expect(pulseTime(seconds)).toBe(value));

it("takes its options from YAML", () => {
  expect(TasmotaMqttOptions.parse({ topic: "plug" })).toEqual({ relay: 1, topic: "plug", full_topic: "%prefix%/%topic%/" });
  expect(TasmotaMqttOptions.safeParse({ topic: "plug", full_topic: "x/%topic%" }).success).toBe(false);
});
