import fc from "fast-check";
import { expect, it } from "vitest";
import { openStore } from "../../../aggregator/store/open-store.ts";
import { message, midnightMs, sampleItem, scratchPlace, scratchStore, slotItem } from "../rows.ts";

const homes = Array.from({ length: 40 }, (_, at) => `home-${at}`);

it("keeps what many homes hand in at once, and answers each for itself", async () => {
  const { store } = await scratchStore();
  const answers = await Promise.all(
    homes.map((home, at) => store.ingest(home, message(Array.from({ length: at + 1 }, (_, row) => sampleItem(row + 1))))),
  );
  expect(answers).toEqual(homes.map((_, at) => ({ contiguousSeq: at + 1, added: at + 1 })));
  expect(await store.itemCounts()).toHaveLength(homes.length);
});

it("keeps messages of one run in the order in which they came, however many wait", async () => {
  const { store } = await scratchStore();
  const answers = await Promise.all(Array.from({ length: 30 }, (_, at) => store.ingest("a", message([sampleItem(at + 1)]))));
  expect(answers.map(({ contiguousSeq }) => contiguousSeq)).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
});

it("does not let what cannot be stored of one home keep the others' rows out", async () => {
  const { store, place } = await scratchStore();
  const results = await Promise.allSettled(
    ["a", "b", "no\0name", "c"].map((home) => store.ingest(home, message([slotItem(1, 0, 10)]))),
  );
  // SQLite stores any text.
  const bad = place.engine === "postgres" ? "rejected" : "fulfilled";
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", bad, "fulfilled"]);
  for (const home of ["a", "b", "c"])
    expect(await store.slots(home, "import", midnightMs, midnightMs + 1)).toMatchObject([{ wh: 10 }]);
});

it("gives numbers to receipts that rise by run, and none below the one that is asked for", async () => {
  const { store } = await scratchStore();
  const number = async (home: string, seq: number, least: number) =>
    (await store.ingest(home, message([sampleItem(seq)]), least)).receiptNumber;
  expect([await number("a", 1, 100), await number("a", 2, 50), await number("a", 3, 101), await number("a", 4, 900)]).toEqual([
    100, 101, 102, 900,
  ]);
  expect(await number("b", 1, 7)).toBe(7);
});

it("begins a run anew that was erased while the program ran", async () => {
  const { store } = await scratchStore();
  await store.ingest("a", message([sampleItem(1), sampleItem(2)]), 100);
  await store.ingest("b", message([sampleItem(1)]));
  await store.eraseSite("a", midnightMs);
  const again = await Promise.all(["a", "b"].map((home) => store.ingest(home, message([sampleItem(2)]), 7)));
  expect(again).toEqual([
    { contiguousSeq: 0, added: 1, receiptNumber: 7 },
    { contiguousSeq: 2, added: 1, receiptNumber: 7 },
  ]);
});

it("writes what many homes hand in at once with a handful of statements, or a prepared one a row", async () => {
  let heard = 0;
  const store = await openStore(await scratchPlace(), () => heard++);
  const before = heard;
  await Promise.all(homes.map((home) => store.ingest(home, message([sampleItem(1)]))));
  expect(heard - before).toBeLessThan(10);
  expect(await store.itemCounts()).toHaveLength(homes.length);
  await store.close();
});

it("keeps any text as it came, so that a row that comes again is the same", async () => {
  const { store } = await scratchStore();
  let seq = 0;
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: "binary", maxLength: 200 }), async (reason) => {
      const at = new Date(midnightMs).toISOString();
      const rows = message([{ kind: "switch", seq: ++seq, resource: "boiler", at, on: true, reason }]);
      expect(await store.ingest("a", rows)).toEqual({ contiguousSeq: seq, added: 1 });
      expect(await store.ingest("a", rows)).toEqual({ contiguousSeq: seq, added: 0 });
    }),
    { examples: [["\0"], ["'\"\\u0000"], ["\ud800"]], numRuns: 40 },
  );
});
