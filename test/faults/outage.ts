import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Outbox } from "../../agent/store/outbox.ts";
import { atLeast, atMost, type Claim } from "../../bench/report.ts";
import { iso } from "../../core/clock/clock.ts";
import { fakeClock } from "../../core/clock/fake-clock.ts";
import type { Measurements } from "../../core/message/measurements.ts";
import { type Mosquitto, startMosquitto } from "../fake/mosquitto.ts";
import { silentLog } from "../fake/silent-log.ts";
import { until } from "../fake/until.ts";
import { aggregatorProcess, type HeldRow } from "./aggregator-process.ts";
import { brokerFiles } from "./broker-files.ts";
import { startDelivery } from "./delivery.ts";

const site = "gw-1";
/** Rows of a message, as the uploader makes them. */
const batchRows = 60;
/** Messages of the bare client, and how many of them wait for the broker at a time: with more of them it is no faster. */
const mostSingles = 100_000;
const rawUnderWay = 1000;

/**
 * The broker is away for hours of a reading each second; then all of it goes through a real Mosquitto with TLS to the real
 * aggregator. All arrive, in order, at no less than half the rate at which bare mqtt.js publishes readings to the same
 * broker with QoS 1, a message each. Its rate with the same batches as ours is told without a limit: it only hands bytes
 * over, where ours are read from a disk, stored by the aggregator and receipted.
 */
export async function outage(options: { hours: number; mosquitto: string; openssl: string }): Promise<Claim[]> {
  const folder = mkdtempSync(join(tmpdir(), "smart-mla-outage-"));
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
  await aggregator.start();
  const home = join(folder, "home");
  mkdirSync(home);
  const rows = options.hours * 3600;
  // The aggregator lives in real time, so the hours end now.
  const clock = fakeClock(Date.now() - rows * 1000);
  const log = silentLog();
  await broker.kill();
  const files = { folder: home, site, broker: brokerFiles(broker, site), publicJwk: aggregator.publicJwk };
  const delivery = await startDelivery(files, { clock, log });
  opened.defer(() => delivery.stop());
  const { outbox, atomically } = delivery;
  await gather(outbox, atomically, rows, clock.now());
  // What hangs on time, such as its look for rows, goes on all through the outage.
  for (let hour = 0; hour < options.hours; hour++) await clock.advance(3_600_000);
  const offlineRows = outbox.size();
  await broker.start();
  await until("the home is connected", delivery.connected, 60_000);
  const startedMs = performance.now();
  const arrived = async (): Promise<boolean> => {
    // Should the home have been faster than the aggregator, it sends again what is lost by that, after its minute.
    await clock.advance(50);
    return outbox.totals().delivered >= rows;
  };
  await until("every row has its receipt", arrived, 120_000).catch(() => undefined);
  const seconds = (performance.now() - startedMs) / 1000;
  const { lost, disordered } = judge(aggregator.rows(), rows);
  await aggregator.stop();
  const rate = rows / seconds;
  const single = await rawRate(broker, singles(Math.min(rows, mostSingles), clock.now()), 1);
  const batched = await rawRate(broker, batches(rows, clock.now()), batchRows);
  console.log(
    `     outage: bare mqtt.js ${Math.round(single)} readings/s with one a message, ${Math.round(batched)} with ${batchRows}; ours beside that ${(rate / batched).toFixed(3)}`,
  );
  return [
    atMost(`outage: rows lost of ${rows}`, lost + (rows - offlineRows), 0),
    atMost("outage: rows without a receipt at the end", outbox.size(), 0),
    atMost("outage: rows held out of the order of their numbers", disordered, 0),
    atLeast("outage: rows a second (at least)", rate, 1000),
    atLeast(`outage: rate beside bare mqtt.js with a reading a message, ${Math.round(single)}/s (at least)`, rate / single, 0.5),
  ];
}

const itemAt = (atMs: number, index: number) =>
  ({
    kind: "sample",
    meter: "grid",
    at: iso(atMs),
    powerW: 500 + (index % 1000),
    importWh: 1_000_000 + index,
    exportWh: 0,
    quality: "valid",
    clockSynced: true,
  }) as const;

/** A reading each second. */
async function gather(outbox: Outbox, atomically: (writes: () => void) => void, rows: number, fromMs: number): Promise<void> {
  for (let first = 0; first < rows; first += 3600)
    atomically(() => {
      for (let index = first; index < Math.min(rows, first + 3600); index++) outbox.add(itemAt(fromMs + index * 1000, index));
    });
}

function judge(held: readonly HeldRow[], rows: number): { lost: number; disordered: number } {
  const numbers = new Set(held.map(({ seq }) => seq));
  let lost = 0;
  for (let seq = 1; seq <= rows; seq++) if (!numbers.has(seq)) lost++;
  const disordered = held.filter(({ seq }, at) => seq < (held[at - 1]?.seq ?? 0)).length;
  return { lost, disordered };
}

/** Readings of about 95 bytes. */
const singles = (count: number, fromMs: number): string[] =>
  Array.from({ length: count }, (_, at) => {
    const { meter, at: instant, powerW, importWh, exportWh } = itemAt(fromMs + at * 1000, at);
    return JSON.stringify({ meter, at: instant, powerW, importWh, exportWh });
  });

/** What the home sends. */
function batches(rows: number, fromMs: number): string[] {
  const payloads: string[] = [];
  for (let first = 0; first < rows; first += batchRows) {
    const items = Array.from({ length: Math.min(batchRows, rows - first) }, (_, at) => ({
      ...itemAt(fromMs + (first + at) * 1000, first + at),
      seq: first + at + 1,
    }));
    payloads.push(JSON.stringify({ v: 1, boot: crypto.randomUUID(), historical: true, items } satisfies Measurements));
  }
  return payloads;
}

/** Readings a second of a bare client, until the broker has confirmed the last of these messages. */
async function rawRate(broker: Mosquitto, payloads: readonly string[], readingsEach: number): Promise<number> {
  const client = await broker.clientOf(site, { clientId: "raw" });
  const startedMs = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < payloads.length; at = next++)
      await client.publishAsync(`sma/1/bare/${site}/up/meter`, payloads[at] ?? "", { qos: 1 });
  };
  await Promise.all(Array.from({ length: rawUnderWay }, worker));
  const seconds = (performance.now() - startedMs) / 1000;
  await client.endAsync(true);
  return (payloads.length * readingsEach) / seconds;
}
