import fc from "fast-check";
import { expect, it } from "vitest";
import { rowBatches } from "../../../aggregator/intake/row-batches.ts";
import { errorCode } from "../../../core/app-error.ts";
import type { Measurements } from "../../../core/message/measurements.ts";
import { until } from "../../fake/until.ts";
import { bootOne, bootTwo, message, sampleItem } from "../rows.ts";

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** A store that writes when it is told to. */
function room() {
  const stored: { site: string; rows: Measurements; write: (error?: Error) => void }[] = [];
  const refused: string[] = [];
  const released = { messages: 0, length: 0 };
  const batches = rowBatches({
    store: (site, rows) =>
      new Promise((resolve, reject) => {
        stored.push({ site, rows, write: (error) => (error ? reject(error) : resolve()) });
      }),
    refuse: ({ topic }, error) => refused.push(`${topic} ${errorCode(error)}`),
    done(site, messages, length) {
      expect(messages, site).toBeGreaterThan(0);
      released.messages += messages;
      released.length += length;
    },
  });
  const add = (site: string, body: unknown): Promise<void> =>
    batches.add({ site, rest: "meter", topic: `${site}/up`, text: typeof body === "string" ? body : JSON.stringify(body) });
  const written = () => stored.map(({ site, rows }) => [site, ...rows.items.map(({ seq }) => seq)]);
  return { add, batches, stored, refused, released, written };
}

it("stores what comes alone at once, without a timer", async () => {
  const { add, stored } = room();
  void add("a", message([sampleItem(1)]));
  for (let turns = 0; turns < 3; turns++) await turn();
  expect(stored).toHaveLength(1);
});

it("stores together what arrives in one turn of the event loop after the other", async () => {
  const { add, stored, written } = room();
  for (let seq = 1; seq <= 20; seq++) {
    for (const site of ["a", "b"]) void add(site, message([sampleItem(seq)]));
    await turn();
  }
  await until("it is stored", () => stored.length > 0);
  const all = Array.from({ length: 20 }, (_, at) => at + 1);
  expect(written()).toEqual([
    ["a", ...all],
    ["b", ...all],
  ]);
});

it("does not wait for more once it has enough, however fast more arrives", async () => {
  const { add, stored } = room();
  for (let at = 0; at < 4000; at++) void add(`home-${at}`, message([sampleItem(1)]));
  void add("late", message([sampleItem(1)]));
  await turn();
  expect(stored.length).toBeGreaterThanOrEqual(4000);
});

it("stores next, and together, what comes while a batch is written", async () => {
  const { add, stored, written, released, batches } = room();
  const first = add("a", message([sampleItem(1)]));
  await until("the first is written", () => stored.length === 1);
  const others = [2, 3].map((seq) => add("a", message([sampleItem(seq)])));
  for (let turns = 0; turns < 5; turns++) await turn();
  expect([written(), released.messages]).toEqual([[["a", 1]], 0]);
  stored[0]?.write();
  await first;
  await until("the others are written", () => stored.length === 2);
  expect(written()[1]).toEqual(["a", 2, 3]);
  expect(released.messages).toBe(1);
  stored[1]?.write();
  await Promise.all(others);
  await batches.settled();
  expect([released.messages, batches.under("a")]).toEqual([3, undefined]);
});

it("refuses what cannot be read or stored, and nothing else", async () => {
  const { add, stored, refused } = room();
  const done = [add("a", "{"), add("b", { v: 1 }), add("c", message([sampleItem(1)])), add("d", message([sampleItem(1)]))];
  await until("the rest is written", () => stored.length === 2);
  stored[0]?.write(new Error("disk full"));
  stored[1]?.write();
  await Promise.all(done);
  expect(refused).toEqual(["a/up intake-not-json", "b/up intake-malformed", "c/up unexpected"]);
});

it("knows of which homes rows are under way, those too that are not read yet", async () => {
  const { add, batches, stored } = room();
  void add("a", " ".repeat(1100 * 1024));
  const b = add("b", message([sampleItem(1)]));
  expect([batches.under("b"), batches.under("c")].map((done) => done !== undefined)).toEqual([true, false]);
  await until("it is written", () => stored.length === 1);
  expect(batches.under("b")).toBeDefined();
  stored[0]?.write();
  await b;
  expect(batches.under("b")).toBeUndefined();
});

it("does not wait for the runs of a home that begins anew with each message one by one", async () => {
  const { add, stored } = room();
  for (let run = 0; run < 100; run++)
    void add("a", message([sampleItem(1)], `00000000-0000-4000-8000-${String(run).padStart(12, "0")}`));
  void add("b", message([sampleItem(1)]));
  await until("all are handed to the store, of which none is written", () => stored.length === 101);
});

it("hands on every row once, those of each home in their order, whenever they come and however long a write takes", async () => {
  const step = fc.record({
    site: fc.constantFrom("a", "b", "c"),
    boot: fc.constantFrom(bootOne, bootTwo),
    rows: fc.integer({ min: 1, max: 500 }),
    turns: fc.integer({ min: 0, max: 3 }),
    write: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { add, stored, batches, released } = room();
      const sent = new Map<string, string[]>();
      let [seq, written] = [0, 0];
      const write = (): void => stored[written++]?.write();
      for (const { site, boot, rows, turns, write: now } of steps) {
        const items = Array.from({ length: rows }, () => sampleItem(++seq));
        sent.set(site, [...(sent.get(site) ?? []), ...items.map((item) => `${boot} ${item.seq}`)]);
        void add(site, message(items, boot));
        for (let at = 0; at < turns; at++) await turn();
        if (now && written < stored.length) write();
      }
      let over = false;
      const settled = batches.settled().then(() => (over = true));
      while (!over) {
        if (written < stored.length) write();
        await turn();
      }
      await settled;
      for (const [site, all] of sent)
        expect(
          stored.filter((one) => one.site === site).flatMap(({ rows }) => rows.items.map((item) => `${rows.boot} ${item.seq}`)),
        ).toEqual(all);
      expect(Math.max(0, ...stored.map(({ rows }) => rows.items.length))).toBeLessThanOrEqual(1500);
      expect(released.messages).toBe(steps.length);
    }),
    { numRuns: 30 },
  );
});
