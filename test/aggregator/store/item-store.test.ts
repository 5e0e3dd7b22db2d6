import fc from "fast-check";
import { expect, it } from "vitest";
import {
  bootOne,
  bootTwo,
  gapItem,
  message,
  midnightMs,
  quarterMs,
  sampleItem,
  scratchStore,
  slotItem,
  switchItem,
} from "../rows.ts";

it("keeps a row once by site, boot and number, whichever copy came first", async () => {
  const { store } = await scratchStore();
  expect(await store.ingest("a", message([slotItem(1, 0, 100), sampleItem(2)]))).toEqual({ contiguousSeq: 2, added: 2 });
  expect(await store.ingest("a", message([slotItem(1, 0, 999), sampleItem(2), sampleItem(2)]))).toEqual({
    contiguousSeq: 2,
    added: 0,
    changed: 1,
  });
  expect(await store.ingest("a", message([slotItem(1, 1, 50)], bootTwo))).toEqual({ contiguousSeq: 1, added: 1 });
  expect(await store.ingest("b", message([slotItem(1, 0, 7)]))).toEqual({ contiguousSeq: 1, added: 1 });
  expect(await store.slots("a", "import", midnightMs, midnightMs + 9 * quarterMs)).toMatchObject([{ wh: 100 }, { wh: 50 }]);
  expect(await store.itemCounts()).toEqual([
    { site: "a", rows: 3 },
    { site: "b", rows: 1 },
  ]);
  expect(await store.itemCounts("b")).toEqual([{ site: "b", rows: 1 }]);
});

it("gives no number for a run of which the first row is missing", async () => {
  const { store } = await scratchStore();
  expect(await store.ingest("a", message([sampleItem(2), sampleItem(3)]))).toEqual({ contiguousSeq: 0, added: 2 });
  expect(await store.ingest("a", message([sampleItem(1)]))).toEqual({ contiguousSeq: 3, added: 1 });
});

it("receipts exactly up to the first gap, for batches in any order and repeated", async () => {
  const batches = fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 }), {
    minLength: 1,
    maxLength: 12,
  });
  const { store } = await scratchStore();
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(batches, async (all) => {
      const boot = `00000000-0000-4000-8000-${String(++runs).padStart(12, "0")}`;
      const seen = new Set<number>();
      for (const seqs of all) {
        const fresh = seqs.filter((seq) => !seen.has(seq)).length;
        for (const seq of seqs) seen.add(seq);
        let contiguousSeq = 0;
        while (seen.has(contiguousSeq + 1)) contiguousSeq++;
        expect(await store.ingest("a", message(seqs.map(sampleItem), boot))).toEqual({ contiguousSeq, added: fresh });
      }
    }),
    { numRuns: 40 },
  );
});

it("goes on from where it was after a restart", async () => {
  const { store, reopen } = await scratchStore();
  await store.ingest("a", message([sampleItem(1), sampleItem(2), sampleItem(4)]));
  const again = await reopen();
  expect(await again.ingest("a", message([sampleItem(3)]))).toEqual({ contiguousSeq: 4, added: 1 });
  expect(bootOne).not.toBe(bootTwo);
});

it("gives slots of the grid meter alone, of one register, by their start, in order of time", async () => {
  const { store } = await scratchStore();
  await store.ingest(
    "a",
    message([
      slotItem(1, 2, 30),
      slotItem(2, 0, 10),
      slotItem(3, 1, 20),
      slotItem(4, 0, 77, { meter: "heat_pump", role: "load" }),
      slotItem(5, 0, 55, { register: "export" }),
      slotItem(6, 3, 40),
      sampleItem(7),
      switchItem(8),
    ]),
  );
  const at = (index: number) => midnightMs + index * quarterMs;
  expect(await store.slots("a", "import", at(0), at(3))).toEqual([
    { startMs: at(0), endMs: at(1), wh: 10 },
    { startMs: at(1), endMs: at(2), wh: 20 },
    { startMs: at(2), endMs: at(3), wh: 30 },
  ]);
  expect(await store.slots("a", "export", at(0), at(9))).toEqual([{ startMs: at(0), endMs: at(1), wh: 55 }]);
  expect(await store.slots("b", "import", at(0), at(9))).toEqual([]);
});

it("counts rows that the home gave up as come, also where the first of them came before", async () => {
  const { store } = await scratchStore();
  await store.ingest("a", message([sampleItem(1), sampleItem(2), sampleItem(6)]));
  expect(await store.ingest("a", message([gapItem(2, 4)]))).toEqual({ contiguousSeq: 4, added: 0 });
  expect(await store.ingest("a", message([gapItem(2, 4), slotItem(5, 0, 10)]))).toEqual({ contiguousSeq: 6, added: 1 });
  expect(await store.itemCounts()).toEqual([{ site: "a", rows: 4 }]);
});

it("names what is missing: readings given up, and time that no slot covers", async () => {
  const { store } = await scratchStore();
  await store.ingest(
    "a",
    message([slotItem(1, 0, 10), slotItem(2, 1, 10), slotItem(3, 4, 10), gapItem(4, 600), slotItem(601, 5, 1)]),
  );
  const missing = { kind: "slots", fromMs: midnightMs + 2 * quarterMs, toMs: midnightMs + 4 * quarterMs, reason: "no slot came" };
  const lost = { kind: "readings", fromMs: midnightMs + 4000, toMs: midnightMs + 600_000, reason: "no room" };
  expect(await store.gaps("a", midnightMs, midnightMs + 9 * quarterMs)).toEqual([lost, missing]);
  expect(await store.gaps("a", midnightMs + quarterMs, midnightMs + 9 * quarterMs)).toEqual([missing]);
  expect(await store.gaps("b", midnightMs, midnightMs + 9 * quarterMs)).toEqual([]);
});

it("keeps many gaps of one message, each once", async () => {
  const { store } = await scratchStore();
  const gaps = Array.from({ length: 500 }, (_, at) => gapItem(3 * at + 2, 3 * at + 3));
  await store.ingest("a", message([...gaps, ...gaps.slice(0, 9)]));
  expect(await store.ingest("a", message([...gaps, slotItem(1, 0, 10)]))).toEqual({ contiguousSeq: 3, added: 1 });
  const kept = await store.gaps("a", midnightMs, midnightMs + 100 * quarterMs);
  expect(kept.filter(({ kind }) => kind === "readings")).toHaveLength(500);
});

it("does not wait for rows that the home has a receipt for: they are a gap from then on, told once", async () => {
  const { store } = await scratchStore();
  await store.ingest("a", message([slotItem(1, 0, 10), sampleItem(2), sampleItem(5)]));
  const after = { ...message([slotItem(9, 4, 30), sampleItem(10)]), receipted: 8 };
  expect(await store.ingest("a", after)).toEqual({ contiguousSeq: 10, added: 2, lost: 6 });
  expect(await store.ingest("a", after)).toEqual({ contiguousSeq: 10, added: 0 });
  expect(await store.ingest("a", { ...message([sampleItem(11)]), receipted: 10 })).toEqual({ contiguousSeq: 11, added: 1 });
  expect(await store.gaps("a", midnightMs, midnightMs + 9 * quarterMs)).toMatchObject([
    {
      kind: "readings",
      fromMs: midnightMs + quarterMs,
      toMs: midnightMs + 4 * quarterMs,
      reason: "receipted before, not in this database",
    },
    { kind: "slots" },
  ]);
});

it("keeps rows ahead of those before them within bounds: a window of all, and so many slots", async () => {
  const { store } = await scratchStore();
  const ahead = [sampleItem(5000), sampleItem(5001), gapItem(6000, 7000), switchItem(9000), slotItem(1_000_000, 0, 10)];
  expect(await store.ingest("a", message(ahead))).toEqual({ contiguousSeq: 0, added: 2, refused: 3 });
  let kept = 1;
  for (let at = 1; at <= 12; at++) {
    const slots = Array.from({ length: 500 }, (_, index) => slotItem(2_000_000 + at * 500 + index, index, 10));
    kept += (await store.ingest("a", message(slots))).added;
  }
  expect(kept).toBe(5000);
  // The rows in between come in their turn, and with them what was refused.
  expect(await store.ingest("a", message([sampleItem(1), sampleItem(2)]))).toEqual({ contiguousSeq: 2, added: 2 });
  expect(await store.ingest("a", message([sampleItem(5001)]))).toEqual({ contiguousSeq: 2, added: 1 });
});

it("counts on over any number of rows that had come before their turn", async () => {
  const { store } = await scratchStore();
  for (let at = 0; at < 9; at++)
    await store.ingest("a", message(Array.from({ length: 500 }, (_, index) => sampleItem(2 + at * 500 + index))));
  expect(await store.ingest("a", message([sampleItem(1)]))).toEqual({ contiguousSeq: 4501, added: 1 });
});
