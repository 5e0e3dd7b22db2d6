import Database from "better-sqlite3";
import fc from "fast-check";
import pg from "pg";
import { expect, it } from "vitest";
import type { Bite } from "../../../aggregator/store/thin-rows.ts";
import type { AggregatorStore } from "../../../aggregator/store/aggregator-store.ts";
import type { DatabasePlace } from "../../../aggregator/store/database-place.ts";
import type { MeasurementItem } from "../../../core/message/measurements.ts";
import { gapItem, message, midnightMs, quarterMs, sampleItem, scratchStore, slotItem, switchItem } from "../rows.ts";

const whole: Bite = { limit: 1000 };
const all = (atMs: number) => ({ importBeforeMs: atMs, exportBeforeMs: atMs, othersBeforeMs: atMs });

async function execute(place: DatabasePlace, statement: string): Promise<unknown[]> {
  if (place.engine === "sqlite") {
    const database = new Database(place.file);
    const prepared = database.prepare(statement);
    const rows = prepared.reader ? prepared.all() : (prepared.run(), []);
    database.close();
    return rows;
  }
  const client = new pg.Client({ connectionString: place.url });
  await client.connect();
  const { rows } = await client.query(statement);
  await client.end();
  return rows;
}

it("deletes readings of before an instant; what comes again of them is not new and changes nothing", async () => {
  const { store } = await scratchStore();
  const sent = message([sampleItem(1), slotItem(2, 0, 100), sampleItem(3), switchItem(4), sampleItem(5), sampleItem(6)]);
  await store.ingest("a", sent, 7);
  const counted = async () => [
    await store.statistics("a"),
    await store.statistics(null),
    await store.itemCounts(),
    await store.itemCounts("a"),
  ];
  const before = await counted();
  expect(await store.deleteReadings("a", midnightMs + 5000, whole)).toBe(3);
  expect(await store.deleteReadings("a", midnightMs + 5000, whole)).toBe(0);
  expect(await store.ingest("a", sent, 7)).toEqual({ contiguousSeq: 6, added: 0, receiptNumber: 8 });
  // Neither do they come with another content.
  expect(await store.ingest("a", message([{ ...sampleItem(1), meter: "other" } as MeasurementItem]))).toEqual({
    contiguousSeq: 6,
    added: 0,
  });
  expect(await counted()).toEqual(before);
  expect(await store.deleteReadings("a", Infinity, whole)).toBe(2);
  expect(await store.ingest("a", message([sampleItem(7)]))).toEqual({ contiguousSeq: 7, added: 1 });
});

it("keeps rows that have no receipt yet, and counts on over them when those before them come", async () => {
  const { store } = await scratchStore();
  await store.ingest("a", message([sampleItem(1), sampleItem(3), slotItem(4, 0, 5), slotItem(5, 1, 5)]));
  expect(await store.deleteReadings("a", Infinity, whole)).toBe(1);
  expect(await store.deleteSlots("a", all(Infinity), whole)).toBe(0);
  expect(await store.ingest("a", message([sampleItem(2)]))).toEqual({ contiguousSeq: 5, added: 1 });
});

it("goes on in bites, slots by meter and register, and leaves the newest of each; gaps go with them", async () => {
  const { store } = await scratchStore();
  const at = (index: number) => midnightMs + index * quarterMs;
  await store.ingest(
    "a",
    message([
      gapItem(1, 10),
      ...Array.from({ length: 8 }, (_, index) => slotItem(11 + index, index, 10)),
      ...Array.from({ length: 8 }, (_, index) => slotItem(19 + index, index, 1, { register: "export" })),
      ...Array.from({ length: 8 }, (_, index) => slotItem(27 + index, index, 5, { meter: "car", role: "load" })),
    ]),
  );
  const before = [await store.statistics(null), await store.itemCounts()];
  const bounds = { importBeforeMs: at(4), exportBeforeMs: at(2), othersBeforeMs: Infinity };
  const bites = [];
  for (let rows = 3; rows === 3;) bites.push((rows = await store.deleteSlots("a", bounds, { limit: 3 })));
  expect(bites).toEqual([3, 3, 3, 3, 2]);
  expect((await store.slots("a", "import", 0, at(9))).map(({ startMs }) => startMs)).toEqual([at(4), at(5), at(6), at(7)]);
  expect(await store.slots("a", "export", 0, at(9))).toHaveLength(6);
  expect(await store.meterSlots("a", "car", 0, Number.MAX_SAFE_INTEGER)).toMatchObject([{ startMs: at(7) }]);
  expect(await store.gaps("a", 0, at(4))).toEqual([]);
  expect([await store.statistics(null), await store.itemCounts()]).toEqual(before);
  await store.deleteSlots("a", all(Infinity), whole);
  expect(await store.gridMeter("a")).toBe("grid");
  expect(await store.ingest("a", message([gapItem(1, 10), slotItem(11, 0, 10)]))).toEqual({ contiguousSeq: 34, added: 0 });
});

it("deletes readings of an older program, whose instants stand in their bodies alone", async () => {
  const { store, place } = await scratchStore();
  await store.ingest("a", message(Array.from({ length: 9 }, (_, at) => sampleItem(at + 1))));
  await execute(place, "update item set start_ms = null");
  expect(await store.deleteReadings("a", midnightMs + 5000, { limit: 2 })).toBe(2);
  expect(await store.deleteReadings("a", midnightMs + 5000, whole)).toBe(2);
  expect(await execute(place, "select seq from item where start_ms is null")).toEqual([]);
});

type Step = { items: MeasurementItem[] } | { beforeMs: number };

it("gives the same receipts, counts and statistics as without deletion, whatever comes in whatever order", async () => {
  const item = fc.integer({ min: 1, max: 12 }).map((seq): MeasurementItem => {
    if (seq % 7 === 0) return gapItem(seq, seq);
    if (seq % 3 === 0) return slotItem(seq, seq, seq, seq % 2 === 0 ? { register: "export" } : {});
    return seq % 5 === 0 ? switchItem(seq) : sampleItem(seq);
  });
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 3, arbitrary: fc.array(item, { minLength: 1, maxLength: 20 }).map((items) => ({ items })) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 14 }).map((at) => ({ beforeMs: midnightMs + at * quarterMs })) },
  );
  const [kept, thinned] = [(await scratchStore()).store, (await scratchStore()).store];
  let runs = 0;
  let gone = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
      const site = `home-${++runs}`;
      const counts = async (store: AggregatorStore) => [
        await store.statistics(site),
        (await store.itemCounts()).find((one) => one.site === site),
      ];
      for (const one of steps)
        if ("items" in one) {
          const [with_, without] = [
            await thinned.ingest(site, message(one.items), 1),
            await kept.ingest(site, message(one.items), 1),
          ];
          expect(with_).toEqual(without);
        } else {
          gone += await thinned.deleteReadings(site, one.beforeMs, { limit: 4 });
          gone += await thinned.deleteSlots(site, all(one.beforeMs), { limit: 4 });
          expect(await counts(thinned)).toEqual(await counts(kept));
        }
    }),
    { numRuns: 40 },
  );
  expect(gone).toBeGreaterThan(40);
});

it("keeps plans that are an appliance's newest or an event's, and what was answered counts on", async () => {
  const { store } = await scratchStore();
  const id = (at: number) => `00000000-0000-4000-8000-00000000000${at}`;
  for (const at of [1, 2, 3, 4]) await store.savePlans("a", [{ plan: id(at), resource: "car", instructions: [] }], at);
  await store.answerPlan("a", id(1), "ACCEPTED", null);
  await store.answerPlan("a", id(2), "ACCEPTED", null);
  await store.answerPlan("a", id(3), "REJECTED", "X");
  const span = { startMs: 10, endMs: 20, powerW: null, overridden: false, excused: false };
  await store.addEvent({ site: "a", plan: id(2), resource: "car", agreement: "0x", meter: "grid", baseline: "evenly", ...span });
  const before = await store.statistics("a");
  expect(await store.deletePlans("a", 100, whole)).toBe(2);
  expect((await store.planHistory("a", { limit: 9 })).map(({ list }) => list.plan)).toEqual([id(4), id(2)]);
  expect(await store.deleteEvents("a", 20, whole)).toBe(0);
  expect(await store.deleteEvents("a", 21, whole)).toBe(1);
  expect(await store.deletePlans("a", 100, whole)).toBe(1);
  expect(await store.statistics("a")).toEqual(before);
});

it("deletes entries of the audit log before an instant and says so in it; the database refuses any other way", async () => {
  const { store, place } = await scratchStore();
  for (const atMs of [5, 10, 15])
    await store.audited(
      () => Promise.resolve(),
      () => ({ atMs, who: "cli ann", action: "control.resume", site: null, detail: {} }),
    );
  const deed = (entries: number) =>
    ({ atMs: 99, who: "aggregator", action: "retain.audit", site: null, detail: { entries } }) as const;
  expect(await store.deleteAudit(11, whole, deed)).toBe(2);
  expect(await store.deleteAudit(11, whole, deed)).toBe(0);
  expect((await store.auditAfter(0, 9)).map(({ id, atMs, detail }) => [id, atMs, detail])).toEqual([
    [3, 15, {}],
    [4, 99, { entries: 2 }],
  ]);
  await expect(execute(place, "delete from audit_entry")).rejects.toThrow("append-only");
  await expect(execute(place, "update audit_entry set who = 'x'")).rejects.toThrow("append-only");
});

it("does nothing under a lease that another has taken over", async () => {
  const { store } = await scratchStore();
  await store.ingest("a", message([sampleItem(1)]));
  const mine = await store.takeLease("office", "one", null);
  if (!mine) return expect.fail("not taken");
  await store.takeLease("office", "two", mine);
  const bite = { limit: 9, fence: mine };
  await expect(store.deleteReadings("a", Infinity, bite)).rejects.toMatchObject({ code: "lease-lost" });
  expect(await store.deleteReadings("a", Infinity, whole)).toBe(1);
});

it("ends what operators said, shortfalls and curtailments, but not what still holds", async () => {
  const { store } = await scratchStore();
  const word = { word: "pause", scope: { kind: "all" }, limitW: null } as const;
  for (const [atMs, untilMs] of [
    [1, 5],
    [2, null],
    [3, 50],
  ] as const)
    await store.addWord({ ...word, atMs, untilMs });
  await store.addLimitCosts({
    shortfalls: [{ feeder: "elm", kind: "import-limit", startMs: 1, endMs: 2, amountW: 1, atMs: 1 }],
    curtailments: [
      { site: "a", dayMs: 1, wh: 5 },
      { site: "a", dayMs: 20, wh: 5 },
    ],
  });
  expect(await store.deleteLimits(10, whole)).toBe(3);
  expect((await store.wordsAt(4)).map(({ atMs }) => atMs)).toEqual([2, 3]);
  expect(await store.curtailments(0)).toHaveLength(1);
});
