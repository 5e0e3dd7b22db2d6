import { expect, it, onTestFinished } from "vitest";
import type { Sharing } from "../../../agent/consents.ts";
import { startMqttLink, type MqttLink } from "../../../agent/publish/mqtt-link.ts";
import { startUploader } from "../../../agent/publish/uploader.ts";
import { openOutbox } from "../../../agent/store/outbox.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { Measurements } from "../../../core/message/measurements.ts";
import { cuttingProxy } from "../../fake/cutting-proxy.ts";
import { openStore } from "../../fake/open-store.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { testBroker } from "../../fake/test-broker.ts";
import { until } from "../../fake/until.ts";

const boot = "11111111-1111-4111-8111-111111111111";
const item = { kind: "switch", resource: "boiler", at: "2026-01-01T00:00:00.000Z", on: true, reason: "x" } as const;

/** An outbox with rows, an uploader, and an aggregator that only listens; both meet at a real broker. */
async function uploading(rows: number, through: (port: number) => Promise<number> = async (port) => port) {
  const broker = await testBroker();
  const { heard } = await broker.listen("sma/1/agg/gw-1/up/meter");
  const outbox = openOutbox(openStore(), boot, 0);
  const add = (count: number): void => {
    for (let row = 0; row < count; row++) outbox.add(item);
  };
  add(rows);
  const clock = fakeClock(Date.parse("2026-04-02T10:00:00Z"));
  const ending = new AbortController();
  let connections = 0;
  const link = startMqttLink({
    link: { id: "agg", gatewayId: "gw-1", brokerUrl: `mqtt://127.0.0.1:${await through(broker.port)}`, controlKeys: [] },
    boot,
    log: silentLog(),
    random: () => 0,
    onConnect() {
      connections++;
      uploader.restart();
    },
    onArrival: () => undefined,
    onTooLarge: () => undefined,
  });
  let handedOver = 0;
  let mostPayloadBytes = Infinity;
  let swallowed = Infinity;
  const counting: MqttLink = {
    ...link,
    mostPayloadBytes: () => mostPayloadBytes,
    publish(rest, message, options) {
      handedOver += Measurements.parse(message).items.length;
      if (JSON.stringify(message).length > swallowed) return Promise.resolve();
      return link.publish(rest, message, options);
    },
  };
  let sharing: Sharing = { intervalMs: 10_000, applianceDetail: true, trades: false };
  const uploader = startUploader({
    outbox,
    link: () => counting,
    sharing: () => sharing,
    gridMeter: "grid",
    clock,
    log: silentLog(),
    signal: ending.signal,
  });
  onTestFinished(async () => {
    ending.abort();
    await link.stop();
  });
  /** Numbers of all rows that arrived, batch by batch. */
  const batches = (): number[][] => heard.map(({ text }) => Measurements.parse(JSON.parse(text)).items.map(({ seq }) => seq));
  const arrived = (): number[] => batches().flat();
  return {
    broker,
    heard,
    outbox,
    add,
    clock,
    uploader,
    batches,
    arrived,
    link,
    handedOver: () => handedOver,
    connections: () => connections,
    /** The broker takes no more in one message. */
    take: (bytes: number) => (mostPayloadBytes = bytes),
    /** The broker confirms what is larger and drops it. */
    swallow: (bytes: number) => (swallowed = bytes),
    allow: (now: Sharing) => (sharing = now),
  };
}
const upTo = (last: number, from = 1): number[] => Array.from({ length: last - from + 1 }, (_, at) => from + at);

it("sends all rows in order in batches of at most 60, and keeps them until a receipt", async () => {
  const { outbox, arrived, batches, uploader } = await uploading(150);
  await until("all rows arrived", () => arrived().length === 150);
  expect(arrived()).toEqual(upTo(150));
  expect(batches().map((batch) => batch.length)).toEqual([60, 60, 30]);
  expect(outbox.size()).toBe(150);
  uploader.receipt({ boot, seq: 100 });
  expect(outbox.size()).toBe(50);
  uploader.receipt({ boot, seq: 150 });
  expect(outbox.size()).toBe(0);
});

it("sends no more than its window ahead of the receipts, and goes on with each receipt", async () => {
  const { arrived, uploader, link, handedOver } = await uploading(1500);
  await until("the window is full", () => arrived().length === 1200);
  // The broker confirms in order: with this one every batch before it was confirmed, and the next one decided on.
  await link.publish("fence", {});
  expect(handedOver()).toBe(1200);
  uploader.receipt({ boot, seq: 600 });
  await until("the rest arrived", () => arrived().length === 1500);
  expect(arrived()).toEqual(upTo(1500));
});

it("sends again what has no receipt after a minute, and nothing before", async () => {
  const { arrived, uploader, clock } = await uploading(3);
  await until("the rows arrived", () => arrived().length === 3);
  uploader.receipt({ boot, seq: 1 });
  await clock.advance(60_000);
  expect(arrived()).toHaveLength(3);
  await clock.advance(10_000);
  await until("they came again", () => arrived().length === 5);
  expect(arrived().slice(3)).toEqual([2, 3]);
});

it("is not kept from sending a lost batch again by receipts that let nothing go", async () => {
  const { arrived, add, uploader, clock } = await uploading(2);
  await until("the rows arrived", () => arrived().length === 2);
  for (let tick = 0; tick < 7; tick++) {
    add(1);
    await clock.advance(10_000);
    uploader.receipt({ boot, seq: 0 });
  }
  await until("the first came again", () => arrived().filter((seq) => seq === 1).length === 2);
});

it("sends what was added while it was idle at once on the next pump, without sending it twice", async () => {
  const { arrived, add, uploader, clock } = await uploading(1);
  await until("the row arrived", () => arrived().length === 1);
  uploader.receipt({ boot, seq: 1 });
  await clock.advance(3_600_000);
  add(1);
  uploader.pump();
  await until("the new row arrived", () => arrived().length === 2);
  await clock.advance(20_000);
  add(1);
  uploader.pump();
  await until("one more arrived", () => arrived().length >= 3);
  expect(arrived()).toEqual([1, 2, 3]);
});

it("sends everything that has no receipt again when the broker comes back", async () => {
  const { broker, arrived, outbox, uploader, connections, heard } = await uploading(70);
  await until("all arrived", () => arrived().length === 70);
  uploader.receipt({ boot, seq: 10 });
  await broker.stop();
  await broker.start();
  const again = await broker.listen("sma/1/agg/gw-1/up/meter");
  await until("the gateway is back", () => connections() === 2);
  const numbers = (): number[] =>
    again.heard.flatMap(({ text }) => Measurements.parse(JSON.parse(text)).items.map(({ seq }) => seq));
  await until(
    "what had no receipt came again",
    () =>
      new Set([
        ...numbers(),
        ...heard.slice(2).flatMap(({ text }) => Measurements.parse(JSON.parse(text)).items.map(({ seq }) => seq)),
      ]).size >= 60,
  );
  expect(numbers().every((seq) => seq > 10)).toBe(true);
  expect(outbox.size()).toBe(60);
});

const slot = (start: string, end: string) =>
  ({
    kind: "slot",
    meter: "grid",
    role: "grid",
    register: "import",
    start,
    end,
    wh: 100,
    quality: "valid",
    clockSynced: true,
  }) as const;

it("sends a new slot ahead of a backlog that fills the window, and once more in its turn", async () => {
  const { outbox, add, arrived, uploader } = await uploading(3000);
  await until("the window is full", () => arrived().length === 1200);
  outbox.add(slot("2026-04-02T09:45:00.000Z", "2026-04-02T10:00:00.000Z"));
  uploader.pump();
  await until("the slot came", () => arrived().includes(3001));
  expect(arrived().slice(1200)).toEqual([3001]);
  add(5);
  uploader.pump();
  for (let seq = 600; seq <= 3000; seq += 600) uploader.receipt({ boot, seq });
  await until("all came", () => arrived().filter((seq) => seq === 3001).length === 2 && arrived().includes(3006));
});

it("says with each message which rows of that run have a receipt and do not come again", async () => {
  const { heard, add, arrived, uploader } = await uploading(70);
  await until("all rows arrived", () => arrived().length === 70);
  uploader.receipt({ boot, seq: 70 });
  add(1);
  uploader.pump();
  await until("the next row arrived", () => arrived().length === 71);
  const said = heard.map(({ text }) => Measurements.parse(JSON.parse(text)).receipted);
  expect(said).toEqual([undefined, undefined, 70]);
});

it("calls what is older than half an hour historical, and nothing else", async () => {
  const { outbox, heard, uploader, connections } = await uploading(0);
  const flags = (): (boolean | undefined)[] => heard.map(({ text }) => Measurements.parse(JSON.parse(text)).historical);
  await until("it is connected", () => connections() === 1);
  outbox.add(slot("2026-04-02T09:00:00.000Z", "2026-04-02T09:15:00.000Z"));
  uploader.pump();
  await until("the first came", () => flags().length === 1);
  outbox.add(slot("2026-04-02T09:30:00.000Z", "2026-04-02T09:45:00.000Z"));
  uploader.pump();
  await until("both came", () => flags().length === 2);
  expect(flags()).toEqual([true, undefined]);
});

it("lets nothing out that waits when the household takes its consent back, and says so by gaps", async () => {
  const { broker, outbox, heard, uploader, allow, connections, link } = await uploading(2);
  await until("all rows arrived", () => heard.length === 1);
  await broker.stop();
  await until("it has noticed", () => !link.connected());
  const at = (minute: number): string => `2026-04-02T09:${String(minute).padStart(2, "0")}:00.000Z`;
  const sample = { kind: "sample", meter: "grid", powerW: 4242, importWh: 1, exportWh: 0, quality: "valid" } as const;
  const quarter = { kind: "slot", register: "import", wh: 77, quality: "valid", clockSynced: true } as const;
  for (let minute = 0; minute < 3; minute++) outbox.add({ ...sample, at: at(minute), clockSynced: true });
  outbox.add({ ...quarter, meter: "grid", role: "grid", start: at(0), end: at(15) });
  outbox.add({ ...quarter, meter: "pump", role: "load", start: at(0), end: at(15) });
  outbox.add({ ...quarter, meter: "grid", role: "grid", start: at(15), end: at(20) });
  allow({ intervalMs: 900_000, applianceDetail: false, trades: false });
  heard.length = 0;
  await broker.start();
  const again = await broker.listen("sma/1/agg/gw-1/up/meter");
  await until("it is back", () => connections() === 2);
  uploader.pump();
  await until("rows came", () => again.heard.length > 0);
  const items = again.heard.flatMap(({ text }) => Measurements.parse(JSON.parse(text)).items);
  const reason = "the household took its consent back";
  expect(items).toEqual([
    { kind: "gap", seq: 1, through: 5, from: item.at, to: at(2), reason },
    { ...quarter, seq: 6, meter: "grid", role: "grid", start: at(0), end: at(15) },
    { kind: "gap", seq: 7, through: 8, from: at(0), to: at(20), reason },
  ]);
  uploader.receipt({ boot, seq: 8 });
  expect(outbox.size()).toBe(0);
});

it("makes messages no larger than the broker takes", async () => {
  const { add, heard, arrived, uploader, take, connections } = await uploading(0);
  await until("it is connected", () => connections() === 1);
  take(1500);
  add(100);
  uploader.pump();
  await until("all rows arrived", () => arrived().length === 100);
  expect(arrived()).toEqual(upTo(100));
  expect(Math.max(...heard.map(({ text }) => Buffer.byteLength(text)))).toBeLessThanOrEqual(1500);
  expect(heard.length).toBeLessThan(20);
});

/**
 * Time goes by, and what came without a gap is receipted, until nothing waits. Slowly enough that a message has come, or its
 * connection has gone, long before the minute is over after which it counts as lost.
 */
async function drained({ arrived, uploader, clock, outbox }: Awaited<ReturnType<typeof uploading>>): Promise<void> {
  const done = async (): Promise<boolean> => {
    await clock.advance(1000);
    const numbers = new Set(arrived());
    let seq = 0;
    while (numbers.has(seq + 1)) seq++;
    uploader.receipt({ boot, seq });
    return outbox.size() === 0;
  };
  await until("nothing waits", done, 20_000);
}

it("finds the size that passes where larger messages vanish without a word", { timeout: 30_000 }, async () => {
  const house = await uploading(0);
  await until("it is connected", () => house.connections() === 1);
  house.swallow(1200);
  house.add(100);
  house.uploader.pump();
  await drained(house);
  expect(new Set(house.arrived())).toEqual(new Set(upTo(100)));
});

it("finds the size that passes where a larger message ends the connection", { timeout: 30_000 }, async () => {
  let cuts = (): number => 0;
  const house = await uploading(60, async (port) => {
    const proxy = await cuttingProxy(port, 1200);
    cuts = proxy.cuts;
    return proxy.port;
  });
  await drained(house);
  expect(new Set(house.arrived())).toEqual(new Set(upTo(60)));
  expect(cuts()).toBeGreaterThanOrEqual(3);
});
