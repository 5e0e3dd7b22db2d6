import { expect, it } from "vitest";
import { message, midnightMs, sampleItem, scratchStore, slotItem } from "../rows.ts";

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
