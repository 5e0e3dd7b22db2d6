import { expect, it } from "vitest";
import { retention } from "../../../aggregator/retain/retention.ts";
import { openStore } from "../../../aggregator/store/open-store.ts";
import { fakeClock } from "../../../core/clock/fake-clock.ts";
import type { MeasurementItem } from "../../../core/message/measurements.ts";
import type { FlexibilityRule } from "../../../settlement/record/agreement.ts";
import { exampleAgreement } from "../../settlement/fixture.ts";
import { silentLog } from "../../fake/silent-log.ts";
import { message, midnightMs, quarterMs, sampleItem, scratchStore, slotItem } from "../rows.ts";
import { domain } from "../settle/home-double.ts";

const dayMs = 96 * quarterMs;
const atDay = (seq: number, day: number): MeasurementItem =>
  ({ ...sampleItem(seq), at: new Date(midnightMs + day * dayMs).toISOString() }) as MeasurementItem;

/** A home with one reading and one slot a day, and the daily deletion of readings older than ten days. */
async function withDays(days: number, change: Partial<Parameters<typeof retention>[0]> = {}) {
  const { store, place } = await scratchStore();
  const items = Array.from({ length: days }, (_, day) => [atDay(2 * day + 1, day), slotItem(2 * day + 2, day * 96, 10)]).flat();
  await store.ingest("gw-4711", message(items));
  const clock = fakeClock(midnightMs + days * dayMs);
  const log = silentLog();
  const ending = new AbortController();
  const deleted: number[] = [];
  const held: number[] = [];
  const job = retention({
    store,
    spans: { readingsMs: 10 * dayMs },
    agreements: new Map(),
    onDeleted: (_, rows) => void deleted.push(rows),
    onHeld: (homes) => void held.push(homes),
    clock,
    log,
    signal: ending.signal,
    biteRows: 4,
    ...change,
  });
  return { store, place, clock, log, job, ending, deleted, held };
}

it("deletes once a day, the first time a day after it began, in bites, and says what", async () => {
  const said: object[] = [];
  const told = { ...silentLog(), info: (fields: object) => void said.push(fields) };
  const { store, clock, job, deleted, held } = await withDays(20, { log: told });
  await job.tick();
  expect(deleted).toEqual([]);
  await clock.advance(dayMs);
  await job.tick();
  expect([deleted, held]).toEqual([[4, 4, 3], [0]]);
  expect(said).toMatchObject([{ readings: 11, slots: 0, heldHomes: 0 }]);
  await job.tick();
  expect(held).toHaveLength(1);
  expect(await store.itemCounts()).toEqual([{ site: "gw-4711", rows: 40 }]);
});

it("leaves readings of what is not settled, and says of how many homes", async () => {
  const { job, held } = await withDays(20, { agreements: new Map([["gw-4711", exampleAgreement(domain)]]) });
  expect(await job.run()).toMatchObject({ readings: 0 });
  expect(held).toEqual([1]);
});

it("does not believe a clock that is far ahead of what homes send", async () => {
  const { job, clock } = await withDays(20);
  await clock.advance(3650 * dayMs);
  expect(await job.run()).toMatchObject({ readings: 11 });
});

it("ends after the bite under way, and another process goes on from there", async () => {
  const { job, ending, deleted, place, clock, log } = await withDays(20, {
    onDeleted: (_, rows) => {
      deleted.push(rows);
      ending.abort();
    },
  });
  await job.run();
  expect(deleted).toEqual([4]);
  const other = await openStore(place);
  const { signal } = new AbortController();
  const next = retention({ store: other, spans: { readingsMs: 10 * dayMs }, agreements: new Map(), clock, log, signal });
  expect(await next.run()).toMatchObject({ readings: 6 });
  await other.close();
});

it("takes rows that come meanwhile", async () => {
  const { store, job } = await withDays(40);
  const running = job.run();
  const answers = await Promise.all(
    Array.from({ length: 30 }, (_, index) => store.ingest("gw-4711", message([atDay(81 + index, 40)]))),
  );
  expect(await running).toMatchObject({ readings: 30 });
  expect(answers.at(-1)).toMatchObject({ contiguousSeq: 110 });
});

it("keeps what a home's rewards need that nobody reckons, until they are too old; then the log names it, and the neighbours' slots go", async () => {
  const rule: FlexibilityRule = {
    kind: "flexibility",
    share: 750,
    paidAs: "money",
    control: { resources: ["car"], hours: { from: "00:00", until: "00:00" }, eventsPerDay: 1 },
  };
  const silent = exampleAgreement(domain, { reward: rule, until: "2028-01-01T23:00:00Z" });
  const agreements = new Map([["gw-silent", silent]]);
  const spans = { slotsMs: 70 * dayMs, unreckonedMs: 100 * dayMs };
  const { store, job, clock, log } = await withDays(180, { spans: { slotsMs: 70 * dayMs }, agreements });
  expect(await job.run()).toMatchObject({ slots: 0 });
  expect(log.lines).toEqual([]);
  const { signal } = new AbortController();
  const bounded = retention({ store, spans, agreements, clock, log, signal });
  // Of 180 days those stay that the baselines of the last 100 look back to, and no more.
  expect(await bounded.run()).toMatchObject({ slots: 180 - 100 - 62 });
  expect(log.lines.map(({ level, fields }) => [level, fields])).toEqual([
    ["warn", { site: "gw-silent", reckonedUpTo: silent.from, homes: 1 }],
  ]);
});
