import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import mqtt from "mqtt";
import type { MeasurementItem, Measurements } from "../../core/message/measurements.ts";
import { topic } from "../../core/topic.ts";

/** Id of the aggregator that is measured. */
export const benchAggregator = "bench";
export const benchSites = (homes: number): string[] => Array.from({ length: homes }, (_, at) => `home-${at + 1}`);

/** How much homes send. */
export interface Shape {
  homes: number;
  messagesEach: number;
  rowsEach: number;
}

/** What homes send, in the order in which it comes: a message of each home, then the next of each. */
export function* benchMessages(shape: Shape): Generator<{ site: string; message: Measurements }> {
  const sites = benchSites(shape.homes);
  const boots = sites.map(() => randomUUID());
  const startMs = Date.parse("2026-03-01T00:00:00Z");
  for (let turn = 0; turn < shape.messagesEach; turn++)
    for (const [index, site] of sites.entries()) {
      const items = Array.from({ length: shape.rowsEach }, (_, row): MeasurementItem => {
        const seq = turn * shape.rowsEach + row + 1;
        const at = new Date(startMs + seq * 10_000).toISOString();
        const reading = { kind: "sample", seq, meter: "grid", at, quality: "valid", clockSynced: true } as const;
        return { ...reading, powerW: 400 + ((seq * 37) % 900), importWh: 1_000_000 + seq, exportWh: 0 };
      });
      yield { site, message: { v: 1, boot: boots[index] ?? "", items } };
    }
}

/** Lets the broker queue them for a session that is away. @returns how many */
export async function queueAtBroker(url: string, messages: Iterable<{ site: string; message: Measurements }>): Promise<number> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, clientId: "bench-homes" });
  const under: Promise<unknown>[] = [];
  let count = 0;
  for (const { site, message } of messages) {
    under.push(client.publishAsync(topic(benchAggregator, site, "up", "meter"), JSON.stringify(message), { qos: 1 }));
    count++;
    if (under.length >= 1000) await Promise.all(under.splice(0));
  }
  await Promise.all(under);
  await client.endAsync();
  return count;
}

/** Publishes them one by one, evenly over time. */
export async function publishLive(
  url: string,
  messages: Iterable<{ site: string; message: Measurements }>,
  perSecond: number,
): Promise<void> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, clientId: "bench-homes" });
  const startedMs = performance.now();
  const under: Promise<unknown>[] = [];
  for (const { site, message } of messages) {
    await delay(Math.max(0, startedMs + (under.length * 1000) / perSecond - performance.now()));
    under.push(client.publishAsync(topic(benchAggregator, site, "up", "meter"), JSON.stringify(message), { qos: 1 }));
  }
  await Promise.all(under);
  await client.endAsync();
}

/** Makes a session that the broker keeps, subscribed to all rows, and leaves. */
export async function keptSession(url: string, clientId: string, filter: string): Promise<void> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4, clientId, clean: false });
  await client.subscribeAsync(filter, { qos: 1 });
  await client.endAsync();
}
