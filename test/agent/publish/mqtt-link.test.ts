import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startMqttLink, type Arrival } from "../../../agent/publish/mqtt-link.ts";
import { errorCode } from "../../../core/app-error.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { publish5, rawBroker } from "../../fake/raw-broker.ts";
import { scratch } from "../../fake/scratch.ts";
import { testBroker, type TestBroker } from "../../fake/test-broker.ts";
import { until } from "../../fake/until.ts";

const boot = "11111111-1111-4111-8111-111111111111";

function linkTo(url: string, more: { id?: string; username?: string; passwordFile?: string } = {}, taken?: () => Promise<void>) {
  const arrivals: Arrival[] = [];
  const tooLarge: [string, number][] = [];
  let connections = 0;
  const log = silentLog();
  const link = startMqttLink({
    link: { id: "agg", gatewayId: "gw-1", brokerUrl: url, controlKeys: [], ...more },
    boot,
    log,
    random: () => 0,
    onConnect: () => void connections++,
    onArrival(arrival) {
      arrivals.push(arrival);
      return taken?.();
    },
    onTooLarge: (topic, bytes) => tooLarge.push([topic, bytes]),
  });
  onTestFinished(() => link.stop());
  return { link, arrivals, tooLarge, connections: () => connections, log };
}
const states = async (broker: TestBroker) => {
  const { heard } = await broker.listen("sma/1/agg/gw-1/up/state");
  return () => heard.map(({ text }) => (JSON.parse(text) as { state: string }).state);
};

it("says ready when it is connected and disconnected when it stops, retained, with the run's id", async () => {
  const broker = await testBroker();
  const seen = await states(broker);
  const { link, connections } = linkTo(broker.url);
  await until("it is connected", () => connections() === 1);
  await link.stop();
  await until("the farewell was heard", () => seen().includes("disconnected"));
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(seen()).toEqual(["ready", "disconnected"]);
  const late = await broker.listen("sma/1/agg/gw-1/up/state");
  await until("the retained state came", () => late.heard.length === 1);
  expect(late.heard[0]).toMatchObject({ retain: true, text: JSON.stringify({ v: 1, state: "disconnected", boot }) });
});

it("leaves a last will: the broker says lost when the connection ends without a farewell", async () => {
  const broker = await testBroker();
  const seen = await states(broker);
  const first = linkTo(broker.url);
  await until("it is connected", () => first.connections() === 1);
  // A second session under the same name takes over, as the broker sees it the first one just ends.
  linkTo(broker.url);
  await until("the will was heard", () => seen().includes("lost"));
  const late = await broker.listen("sma/1/agg/gw-1/up/state");
  await until("the state is retained", () => late.heard.length > 0);
});

it("hands on what comes down to this site, and nothing that is too large", async () => {
  const broker = await testBroker();
  const { arrivals, tooLarge, connections } = linkTo(broker.url);
  await until("it is connected", () => connections() === 1);
  const { client } = await broker.listen("nothing");
  await client.publishAsync("sma/1/agg/gw-2/dn/price", "not mine", { qos: 1 });
  await client.publishAsync("sma/1/agg/gw-1/up/price", "not down", { qos: 1 });
  await client.publishAsync("sma/1/agg/gw-1/dn/price", "x".repeat(256 * 1024 + 1), { qos: 1 });
  await client.publishAsync("sma/1/agg/gw-1/dn/instr/boiler", "list", { qos: 1 });
  await until("the last one came", () => arrivals.length > 0);
  expect(arrivals).toEqual([{ rest: "instr/boiler", topic: "sma/1/agg/gw-1/dn/instr/boiler", text: "list" }]);
  expect(tooLarge).toEqual([["sma/1/agg/gw-1/dn/price", 262_145]]);
});

it("hears nothing of an aggregator that it had before, whose subscription the broker has kept", async () => {
  const broker = await testBroker();
  const before = linkTo(broker.url, { id: "before" });
  await until("it is connected", () => before.connections() === 1);
  await before.link.stop();
  const { arrivals, connections } = linkTo(broker.url);
  await until("it is connected again", () => connections() === 1);
  const { client } = await broker.listen("nothing");
  await client.publishAsync("sma/1/before/gw-1/dn/price", "old", { qos: 1 });
  await client.publishAsync("sma/1/agg/gw-1/dn/price", "new", { qos: 1 });
  await until("the new one came", () => arrivals.some(({ text }) => text === "new"));
  expect(arrivals.map(({ text }) => text)).toEqual(["new"]);
});

it("fails at once while offline, and connects again by itself", async () => {
  const broker = await testBroker();
  const { link, connections, log } = linkTo(broker.url);
  await until("it is connected", () => connections() === 1);
  await broker.stop();
  await until("it has noticed", () => !link.connected());
  expect(await link.publish("meter", {}).then(() => "sent", errorCode)).toBe("mqtt-offline");
  await broker.start();
  await until("it is back", () => connections() === 2);
  const { heard } = await broker.listen("sma/1/agg/gw-1/up/#");
  await link.publish("meter", { hello: 1 });
  await until("it was heard", () => heard.some(({ text }) => text === '{"hello":1}'));
  expect(log.lines.map(({ message }) => message)).toContain("broker connection lost, retrying");
});

it("reads of a huge message no more than shows that it is one, and confirms it", async () => {
  const broker = await testBroker();
  const { arrivals, tooLarge, connections } = linkTo(broker.url);
  await until("it is connected", () => connections() === 1);
  const { client } = await broker.listen("nothing");
  for (const size of [1, 4]) await client.publishAsync(`sma/1/agg/gw-1/dn/${size}`, Buffer.alloc(size * 1024 * 1024), { qos: 1 });
  await client.publishAsync("sma/1/agg/gw-1/dn/price", "small", { qos: 1 });
  await until("the last one came", () => arrivals.length > 0);
  expect(arrivals).toMatchObject([{ text: "small" }]);
  expect(tooLarge.map(([topic]) => topic)).toEqual(["sma/1/agg/gw-1/dn/1", "sma/1/agg/gw-1/dn/4"]);
  expect(Math.max(...tooLarge.map(([, bytes]) => bytes))).toBeLessThan(270_000);
});

it("reads nothing more before an arrival is done, so that a flood waits in its own connection", async () => {
  const broker = await testBroker();
  const first = Promise.withResolvers<void>();
  const { link, arrivals, connections } = linkTo(broker.url, {}, () => first.promise);
  await until("it is connected", () => connections() === 1);
  const { client, heard } = await broker.listen("sma/1/agg/gw-1/up/fence");
  for (let at = 0; at < 100; at++) await client.publishAsync("sma/1/agg/gw-1/dn/price", String(at));
  await until("the first came", () => arrivals.length > 0);
  // It still sends, and by then all that the broker has for it lies in its connection.
  link.publish("fence", {}).catch(() => undefined);
  await until("the fence came", () => heard.length === 1);
  expect(arrivals).toHaveLength(1);
  first.resolve();
  await until("all came", () => arrivals.length === 100);
  expect(arrivals.map(({ text }) => text)).toEqual(Array.from({ length: 100 }, (_, at) => String(at)));
});

it("names a file that it cannot read", () => {
  const missing = join(scratch("test"), "nothing");
  expect(() => linkTo("mqtt://127.0.0.1:9", { passwordFile: missing })).toThrow(
    expect.objectContaining({ code: "mqtt-file-unreadable" }),
  );
  writeFileSync(missing, "secret\n");
  linkTo("mqtt://127.0.0.1:9", { username: "gw-1", passwordFile: missing });
});

it("goes on with MQTT 3.1.1 where the broker does not speak 5, at once and without a warning", async () => {
  const broker = await testBroker();
  const { connections, log } = linkTo(broker.url);
  await until("it is connected", () => connections() === 1);
  expect(log.informed("broker does not speak MQTT 5, going on with 3.1.1")).toBe(1);
  expect(log.lines).toEqual([]);
});

it("tries again when a broker refuses it for a while", async () => {
  let refuse = true;
  const refused: number[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.once("data", (bytes) => {
      refused.push(bytes[8] ?? 0);
      // CONNACK of MQTT 5: server unavailable, or success.
      socket.write(Buffer.from([0x20, 3, 0, refuse ? 0x88 : 0, 0]));
      if (refuse) socket.end();
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { link } = linkTo(`mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await until("it was refused twice", () => refused.length === 2, 20_000);
  refuse = false;
  await until("it is connected", () => link.connected(), 20_000);
  expect(new Set(refused)).toEqual(new Set([5]));
});

const down = "sma/1/agg/gw-1/dn/price";

it("stays connected by MQTT 5 where a broker says more than it was told to, at each connection", async () => {
  const huge = publish5(down, Buffer.alloc(400 * 1024, 0x78), { qos: 1, id: 7 });
  const small = publish5(down, Buffer.from("small"), { qos: 1, id: 8 });
  const broker = await rawBroker({ onSubscribed: (socket) => socket.write(Buffer.concat([huge, small])) });
  const { link, arrivals, tooLarge } = linkTo(broker.url);
  await until("the small one came", () => arrivals.length > 0);
  expect(arrivals).toMatchObject([{ text: "small" }]);
  expect(tooLarge).toMatchObject([[down, expect.any(Number)]]);
  expect([link.connected(), broker.connections()]).toEqual([true, 1]);
});

it("keeps nothing of messages that a broker begins and never ends (QoS 2, for which nobody asked)", async () => {
  const broker = await rawBroker();
  const { arrivals, connections } = linkTo(broker.url);
  await until("it is connected", () => connections() === 1);
  for (let id = 1; id <= 5; id++) broker.write(publish5(down, Buffer.from(`never ended ${id}`), { qos: 2, id }));
  const answers = (): Buffer[] => broker.packets.filter(({ head }) => head >> 4 === 5).map(({ body }) => body);
  await until("all were answered", () => answers().length === 5);
  // PUBREC with a reason that ends the exchange: nothing is kept for the release.
  expect(answers().map((body) => body[2])).toEqual([131, 131, 131, 131, 131]);
  for (let id = 1; id <= 5; id++) broker.write(Buffer.from([0x62, 2, 0, id]));
  await until("all releases were answered", () => broker.packets.filter(({ head }) => head >> 4 === 7).length === 5);
  expect(arrivals).toEqual([]);
});

it("sends nothing that is larger than the broker takes: it would only be hung up on", async () => {
  const broker = await rawBroker({ mostBytes: 1000 });
  const { link, connections, log } = linkTo(broker.url);
  await until("it is connected", () => connections() === 1);
  expect(link.mostPayloadBytes("meter")).toBeLessThan(1000);
  const publish = (bytes: number) => link.publish("meter", "x".repeat(bytes - 2)).then(() => "sent", errorCode);
  expect(await publish(link.mostPayloadBytes("meter"))).toBe("sent");
  expect(await publish(link.mostPayloadBytes("meter") + 1)).toBe("mqtt-too-large");
  expect(await publish(link.mostPayloadBytes("meter") + 1)).toBe("mqtt-too-large");
  expect(log.lines.filter(({ message }) => message.includes("larger than the broker takes"))).toHaveLength(1);
  expect([link.connected(), broker.connections()]).toEqual([true, 1]);
});

it("connects anew when it cannot read what the broker says, and sends by itself nothing again", async () => {
  const broker = await rawBroker({ confirms: (topic) => !topic.endsWith("meter") });
  const { link, connections } = linkTo(broker.url);
  await until("it is connected", () => connections() === 1);
  const sent = link.publish("meter", "too large for this broker").then(
    () => "confirmed",
    () => "given back",
  );
  // A confirmation with a reason that MQTT 5 does not have, as Mosquitto gives it for a message above its message_size_limit.
  broker.write(Buffer.from([0x40, 3, 0, 99, 0x95]));
  await until("it is connected again", () => connections() === 2, 20_000);
  await link.publish("fence", "fence");
  const topics = broker.packets
    .filter(({ head }) => head >> 4 === 3)
    .map(({ body }) => body.subarray(2, 2 + body.readUInt16BE(0)).toString());
  expect(topics).toEqual(["state", "meter", "state", "fence"].map((rest) => `sma/1/agg/gw-1/up/${rest}`));
  expect(await sent).toBe("given back");
});

it("stays away after a stop that comes before its subscription is answered", async () => {
  const broker = await rawBroker({ ignoresSubscription: () => true });
  const { link, log } = linkTo(broker.url);
  await until("it has asked for a subscription", () => broker.packets.some(({ head }) => head >> 4 === 8));
  await link.stop();
  await until("it is gone", () => !link.connected());
  const fence = connect(Number(new URL(broker.url).port), "127.0.0.1");
  await once(fence, "connect");
  fence.destroy();
  expect(log.lines.filter(({ message }) => message.startsWith("broker refused the subscription"))).toEqual([]);
  expect(broker.connections()).toBe(2);
});
