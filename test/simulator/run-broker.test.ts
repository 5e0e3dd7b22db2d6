import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import { expect, it, onTestFinished } from "vitest";
import { topic, topicFilter } from "../../core/topic.ts";
import { runBroker } from "../../simulator/broker/run-broker.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";

const users = { home1: "secret-1", home2: "secret-2", aggregator: "secret-a" };

async function broker(withUsers = true) {
  const stopping = new AbortController();
  let port = 0;
  const log = silentLog();
  const running = runBroker({
    port: 0,
    ...(withUsers && { users }),
    log,
    signal: stopping.signal,
    say: (line) => (port = (JSON.parse(line) as { port: number }).port),
  });
  onTestFinished(async () => {
    stopping.abort();
    await running;
  });
  await until("the broker is ready", () => port > 0);
  const join = async (username: string, password: string, more: IClientOptions = {}): Promise<MqttClient> => {
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
      username,
      password,
      reconnectPeriod: 0,
      protocolVersion: 4,
      ...more,
    });
    client.on("error", () => undefined);
    onTestFinished(() => client.endAsync(true));
    return client;
  };
  return { join, log };
}
type Joined = Awaited<ReturnType<typeof broker>>;
const joinAll = async ({ join }: Joined) => ({
  home1: await join("home1", users.home1),
  home2: await join("home2", users.home2),
  aggregator: await join("aggregator", users.aggregator),
});
function heardBy(client: MqttClient): string[] {
  const heard: string[] = [];
  client.on("message", (at, payload) => heard.push(`${at} ${payload.toString()}`));
  return heard;
}

it("carries messages up and down between a site and the aggregator", async () => {
  const { home1, aggregator } = await joinAll(await broker());
  const up = heardBy(aggregator);
  const down = heardBy(home1);
  await aggregator.subscribeAsync(topicFilter("agg1", "+", "up"), { qos: 1 });
  await home1.subscribeAsync(topicFilter("agg1", "home1", "dn"), { qos: 1 });
  await home1.publishAsync(topic("agg1", "home1", "up", "meter"), "1", { qos: 1 });
  await aggregator.publishAsync(topic("agg1", "home1", "dn", "price"), "2", { qos: 1 });
  await until("both have heard", () => up.length > 0 && down.length > 0);
  expect([up, down]).toEqual([["sma/1/agg1/home1/up/meter 1"], ["sma/1/agg1/home1/dn/price 2"]]);
});

it.each([
  topicFilter("agg1", "home2", "dn"),
  topicFilter("agg1", "+", "dn"),
  topicFilter("agg1", "home1", "up"),
  "#",
  "sma/1/#",
  "sma/1/+/+/dn/#",
  "$SYS/#",
])("refuses a site's subscription to %s", async (filter) => {
  const { home1 } = await joinAll(await broker());
  const refused = await home1.subscribeAsync(filter, { qos: 1 }).then(
    (granted) => granted.every(({ qos }) => qos === 128),
    () => true,
  );
  expect(refused).toBe(true);
});

it("lets a site listen to all aggregators below its own name", async () => {
  const { home1 } = await joinAll(await broker());
  expect((await home1.subscribeAsync("sma/1/+/home1/dn/#", { qos: 1 }))[0]?.qos).toBe(1);
});

it.each([topic("agg1", "home2", "up", "meter"), topic("agg1", "home1", "dn", "price"), "sma/1/agg1/home1", "elsewhere"])(
  "cuts off a site that publishes to %s, and nobody hears it",
  async (at) => {
    const joined = await broker();
    const { home1, aggregator } = await joinAll(joined);
    const heard = heardBy(aggregator);
    await aggregator.subscribeAsync("#", { qos: 1 });
    const closed = new Promise<void>((resolve) => void home1.once("close", () => resolve()));
    await Promise.race([home1.publishAsync(at, "x", { qos: 1 }).catch(() => undefined), closed]);
    await closed;
    expect(heard).toEqual([]);
    expect(joined.log.lines).toMatchObject([{ level: "warn", fields: { user: "home1", topic: at } }]);
  },
);

it("publishes a last will only where the site may publish", async () => {
  const joined = await broker();
  const { aggregator } = await joinAll(joined);
  const heard = heardBy(aggregator);
  await aggregator.subscribeAsync("#", { qos: 1 });
  const will = (at: string) => ({ will: { topic: at, payload: Buffer.from("lost"), qos: 1 as const, retain: false } });
  const bad = await joined.join("home1", users.home1, will(topic("agg1", "home2", "up", "state")));
  bad.stream.destroy();
  const good = await joined.join("home1", users.home1, will(topic("agg1", "home1", "up", "state")));
  good.stream.destroy();
  await until("the good will was heard", () => heard.length > 0);
  expect(heard).toEqual(["sma/1/agg1/home1/up/state lost"]);
});

it.each([
  ["home1", "secret-2"],
  ["nobody", "secret-1"],
  ["__proto__", "x"],
])("refuses %s with password %s", async (user, password) => {
  const { join } = await broker();
  await expect(join(user, password)).rejects.toThrow(/[Rr]efused|Not authorized|Bad user/);
});

it("lets everybody do everything when no users are given", async () => {
  const { join } = await broker(false);
  const anyone = await join("", "");
  const heard = heardBy(anyone);
  await anyone.subscribeAsync("#", { qos: 1 });
  await anyone.publishAsync("elsewhere", "x", { qos: 1 });
  await until("it was heard", () => heard.length === 1);
});
