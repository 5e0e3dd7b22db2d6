import { expect, it, onTestFinished } from "vitest";
import { intake } from "../../../aggregator/intake/intake.ts";
import type { Send } from "../../../aggregator/dispatch/sender.ts";
import { slowStore } from "../../../aggregator/observe/slow-store.ts";
import type { DatabasePlace } from "../../../aggregator/store/database-place.ts";
import { openStore } from "../../../aggregator/store/open-store.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import { Receipt } from "../../../core/message/measurements.ts";
import { rejections } from "../../../core/rejections.ts";
import { holdDatabase } from "../../fake/hold-database.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { stallingProxy } from "../../fake/stalling-proxy.ts";
import { until } from "../../fake/until.ts";
import { message, midnightMs, sampleItem, scratchPlace } from "../rows.ts";

/** An intake over a database, with what it has receipted, and what of that was not kept when it was. */
async function room(place: DatabasePlace, sites: readonly string[]) {
  const kept = await openStore(place);
  onTestFinished(() => kept.close());
  const log = silentLog();
  const time = { elapsedMs: 0 };
  const slow = slowStore(kept, { clock: { monotonicMs: () => time.elapsedMs }, log });
  const rejected = rejections(log, () => 0);
  const receipted = new Map<string, number>();
  const stored = new Map<string, number>();
  let [untrue, asked] = [0, 0];
  const send: Send = async (site, _type, _rest, body) => {
    const { seq } = Receipt.parse(body);
    receipted.set(site, seq);
    if (seq > (stored.get(site) ?? 0)) untrue++;
  };
  const inbound = intake({
    aggregator: "agg",
    sites: new Set(sites),
    store: {
      ...slow.store,
      async ingest(...rows) {
        asked++;
        const result = await slow.store.ingest(...rows);
        stored.set(rows[0], result.contiguousSeq);
        return result;
      },
    },
    send,
    clock: fakeClock(midnightMs),
    log,
    rejections: rejected,
    onState: () => undefined,
    onResource: () => undefined,
    onStatus: () => undefined,
    onAnswer: () => undefined,
    onTraded: () => undefined,
    onSlots: () => undefined,
    onSettlement: async () => undefined,
  });
  const give = (site: string, seq: number): Promise<void> =>
    inbound.take({ site, rest: "meter", topic: `sma/1/agg/${site}/up/meter`, text: JSON.stringify(message([sampleItem(seq)])) });
  const named = () => log.lines.map(({ message: text }) => text).filter((text) => text.startsWith("the database"));
  const answers = (): number => log.informed("the database answers again");
  return { kept, time, slow, inbound, give, receipted, rejected, named, answers, untrue: () => untrue, asked: () => asked };
}

const homesOf = (count: number): string[] => Array.from({ length: count }, (_, at) => `gw-${at}`);

it("holds what homes send while another program has the database, reads no more than it can hold, and goes on when that is over", async () => {
  const place = await scratchPlace();
  const sites = homesOf(40);
  const rowsEach = 300;
  const { kept, time, slow, inbound, give, receipted, rejected, named, answers, untrue, asked } = await room(place, sites);
  await Promise.all(sites.map((site) => give(site, 1)));
  const held = await holdDatabase(place);
  const given: Promise<void>[] = [];
  // As the link to the broker: nothing more is read while the intake says so.
  const rows = sites.flatMap((site) => Array.from({ length: rowsEach - 1 }, (_, at) => [site, at + 2] as const));
  let next = 0;
  for (; next < rows.length && !inbound.room(); next++) given.push(give(...(rows[next] as (typeof rows)[number])));
  expect(next).toBe(8000);
  // Homes that miss their receipts send again.
  for (let at = 0; at < 500; at++) given.push(give(...(rows[at] as (typeof rows)[number])));
  await until("rows wait for the database", () => asked() > sites.length);
  slow.look();
  expect(named()).toEqual([]);
  time.elapsedMs += 15_000;
  slow.look();
  slow.look();
  expect(slow.waitsMs()).toBe(15_000);
  expect(named()).toEqual(["the database does not answer; homes get no receipts until it does"]);
  expect([...receipted.values()].every((seq) => seq === 1)).toBe(true);
  let turns = 0;
  const turning = setInterval(() => turns++, 10);
  await until("the process goes on meanwhile", () => turns > 30);
  clearInterval(turning);
  await held.release();
  await Promise.all(given);
  expect(inbound.room()).toBeNull();
  await Promise.all(rows.slice(next).map(([site, seq]) => give(site, seq)));
  slow.look();
  expect(answers()).toBe(1);
  expect((await kept.itemCounts()).map((one) => one.rows)).toEqual(sites.map(() => rowsEach));
  expect(sites.map((site) => receipted.get(site))).toEqual(sites.map(() => rowsEach));
  expect([untrue(), rejected.counts()]).toEqual([0, {}]);
});

it("gives no receipt over a line to the database that stands still, nor for what a line lost that broke; it comes again, once", async (test) => {
  const place = await scratchPlace();
  if (place.engine !== "postgres") return test.skip("SQLite has no line");
  const url = new URL(place.url);
  const proxy = await stallingProxy(Number(url.port));
  url.port = String(proxy.port);
  const { kept, give, receipted, rejected, untrue } = await room({ ...place, url: url.toString() }, ["gw-0"]);
  await give("gw-0", 1);
  proxy.stall();
  const standing = give("gw-0", 2);
  let isDone = false;
  void standing.then(() => (isDone = true));
  let turns = 0;
  await until("a while has passed", () => turns++ > 20);
  expect([isDone, receipted.get("gw-0")]).toEqual([false, 1]);
  proxy.resume();
  await standing;
  expect(receipted.get("gw-0")).toBe(2);
  proxy.stall();
  const broken = give("gw-0", 3);
  turns = 0;
  await until("a while has passed", () => turns++ > 20);
  proxy.cut();
  proxy.resume();
  await broken;
  expect([receipted.get("gw-0"), rejected.counts()]).toEqual([2, { "intake-not-stored": 1 }]);
  await Promise.all([give("gw-0", 3), give("gw-0", 3), give("gw-0", 4)]);
  expect(receipted.get("gw-0")).toBe(4);
  expect(await kept.itemCounts()).toEqual([{ site: "gw-0", rows: 4 }]);
  expect(untrue()).toBe(0);
});
