import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { realClock } from "../../core/clock/real-clock.ts";
import { startMosquitto, type Mosquitto } from "../fake/mosquitto.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";
import { aggregatorProcess } from "./aggregator-process.ts";
import { brokerFiles } from "./broker-files.ts";
import { startDelivery } from "./delivery.ts";
import { hurried } from "./hurried.ts";

const site = "gw-1";
const rowsEach = 900;
const backMs = 60_000;

/**
 * SIGKILL of the broker while it holds rows that it has confirmed and the aggregator, which is away, has not: a real
 * Mosquitto with its default autosave loses them. Every row must arrive all the same.
 */
export async function brokerKill(options: { kills: number; mosquitto: string; openssl: string }): Promise<Claim[]> {
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-broker-kill-"));
  await using opened = new AsyncDisposableStack();
  opened.defer(() => rmSync(folder, { recursive: true, force: true }));
  const broker = await startMosquitto(options);
  opened.defer(() => broker.stop());
  const aggregator = await aggregatorProcess({
    folder: join(folder, "aggregator"),
    broker: brokerFiles(broker, "aggregator"),
    sites: [site],
  });
  opened.defer(() => aggregator.stop());
  const home = join(folder, "home");
  mkdirSync(home);
  const files = { folder: home, site, broker: brokerFiles(broker, site), publicJwk: aggregator.publicJwk };
  const log = silentLog();
  const clock = hurried(realClock({ onError: (error) => log.error({ error: String(error) }, "job failed") }));
  const delivery = await startDelivery(files, { clock, log });
  opened.defer(() => delivery.stop());
  const { outbox } = delivery;
  const item = { kind: "switch", resource: "boiler", at: "2026-01-01T00:00:00.000Z", on: true, reason: "x" } as const;
  let queued = 0;
  for (let kill = 0; kill < options.kills; kill++) {
    // Its subscription stands at the broker, so what comes is queued for it.
    await aggregator.start();
    await until("aggregator and home are there", () => delivery.connected() && outbox.size() === 0, backMs);
    await aggregator.stop();
    const before = delivery.confirmed();
    for (let row = 0; row < rowsEach; row++) outbox.add(item);
    delivery.pump();
    await until("the broker has confirmed all rows", () => delivery.confirmed() - before >= rowsEach);
    queued += outbox.size();
    await broker.kill();
    await broker.start();
  }
  const control = await lostWithoutOutbox(broker);
  await aggregator.start();
  await until("every row has its receipt", () => outbox.size() === 0, backMs).catch(() => undefined);
  const numbers = new Set(aggregator.rows().map(({ seq }) => seq));
  const rows = options.kills * rowsEach;
  let lost = 0;
  for (let seq = 1; seq <= rows; seq++) if (!numbers.has(seq)) lost++;
  return [
    atMost(`broker-kill: rows lost of ${rows}, over ${options.kills} kills`, lost, 0),
    atMost("broker-kill: rows without a receipt at the end", outbox.size(), 0),
    atLeast("broker-kill: messages lost without an outbox, of 200 (control, at least)", control, 1),
    atLeast("broker-kill: rows that the broker held when it was killed (at least)", queued, rows),
  ];
}

/** How many of 200 messages that the broker had confirmed do not survive its kill, where nobody sends them again. */
async function lostWithoutOutbox(broker: Mosquitto): Promise<number> {
  const [reader, topic] = [{ clientId: "reader", clean: false }, "sma/1/community/gw-control/dn/x"];
  const first = await broker.clientOf("gw-control", reader);
  await first.subscribeAsync(topic, { qos: 1 });
  await first.endAsync();
  const writer = await broker.clientOf("aggregator");
  await Promise.all(Array.from({ length: 200 }, (_, at) => writer.publishAsync(topic, String(at), { qos: 1 })));
  await writer.endAsync(true);
  await broker.kill();
  await broker.start();
  const heard: string[] = [];
  const again = await broker.clientOf("gw-control", reader);
  again.on("message", (_, payload) => void heard.push(payload.toString()));
  await again.subscribeAsync(topic, { qos: 1 });
  const fence = await broker.clientOf("aggregator");
  await fence.publishAsync(topic, "fence", { qos: 1 });
  await until("the last message came", () => heard.includes("fence"));
  await Promise.all([again.endAsync(true), fence.endAsync(true)]);
  return 200 - (heard.length - 1);
}
