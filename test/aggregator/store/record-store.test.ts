import fc from "fast-check";
import { expect, it } from "vitest";
import type { StoredRecord } from "../../../aggregator/store/aggregator-store.ts";
import { exampleEvidence, exampleRecord } from "../../settlement/fixture.ts";
import { planOf } from "../plans.ts";
import { message, sampleItem, scratchStore, slotItem, switchItem } from "../rows.ts";

const domain = { chainId: 31_337, contract: `0x${"5e".repeat(20)}` };
const hash = (of: string): string => `0x${Buffer.from(of).toString("hex").padEnd(64, "0")}`;
const example = exampleRecord(domain);

function storedRecord(site: string, seq: number, change: Partial<StoredRecord> = {}): StoredRecord {
  return {
    site,
    record: { ...example, seq },
    digest: hash(`${site} ${seq}`),
    evidence: exampleEvidence("import", [151, 0, 87, 1203]),
    prices: null,
    state: "proposed",
    gatewaySignature: null,
    ownSignature: null,
    epoch: null,
    ...change,
  };
}

it("gives back what was added, the newest of a home, and changes only what it is told", async () => {
  const { store } = await scratchStore();
  expect([await store.newestRecord("a"), await store.recordAt("a", 1)]).toEqual([null, null]);
  const [one, two] = [storedRecord("a", 1), storedRecord("a", 2)];
  await store.addRecord(one, { kind: "import", nextMs: 10 });
  await store.addRecord(two, { kind: "import", nextMs: 20 });
  await store.setCursor("a", "export", 5);
  expect(await store.newestRecord("a")).toEqual(two);
  expect(await store.cursors("a")).toEqual(
    new Map([
      ["import", 20],
      ["export", 5],
    ]),
  );
  await store.updateRecord("a", 1, { state: "cosigned", gatewaySignature: "0x01", ownSignature: "0x02" });
  expect(await store.recordAt("a", 1)).toEqual({ ...one, state: "cosigned", gatewaySignature: "0x01", ownSignature: "0x02" });
  expect(await store.recordAt("a", 2)).toEqual(two);
});

it("keeps neither record nor cursor when the number is taken", async () => {
  const { store } = await scratchStore();
  await store.addRecord(storedRecord("a", 1), { kind: "import", nextMs: 10 });
  await expect(store.addRecord(storedRecord("a", 1, { digest: hash("other") }), { kind: "import", nextMs: 99 })).rejects.toThrow(
    /UNIQUE/,
  );
  expect((await store.cursors("a")).get("import")).toBe(10);
  expect((await store.recordAt("a", 1))?.digest).toBe(hash("a 1"));
});

it("pages through all records in order, none twice, whatever the page's size", async () => {
  const { store } = await scratchStore();
  const places = ["b", "a", "c"].flatMap((site) => [3, 1, 2].map((seq) => ({ site, seq })));
  for (const { site, seq } of places) await store.addRecord(storedRecord(site, seq), { kind: "import", nextMs: seq });
  const sorted = ["a1", "a2", "a3", "b1", "b2", "b3", "c1", "c2", "c3"];
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 10 }), async (limit) => {
      const seen: string[] = [];
      let after: { site: string; seq: number } | null = null;
      for (;;) {
        const page: StoredRecord[] = await store.records(after, limit);
        expect(page.length).toBeLessThanOrEqual(limit);
        seen.push(...page.map(({ site, record }) => `${site}${record.seq}`));
        const last = page.at(-1);
        if (!last) break;
        after = { site: last.site, seq: last.record.seq };
      }
      expect(seen).toEqual(sorted);
    }),
    { numRuns: 10 },
  );
});

it("hands records to one epoch, and says what the chain has", async () => {
  const { store } = await scratchStore();
  const cosigned = { state: "cosigned", gatewaySignature: "0x01", ownSignature: "0x02" } as const;
  for (const record of [storedRecord("b", 1, cosigned), storedRecord("a", 1, cosigned), storedRecord("a", 2)])
    await store.addRecord(record, { kind: "import", nextMs: 1 });
  const digests = await store.unanchored(10);
  expect(digests).toEqual([hash("a 1"), hash("b 1")]);
  await store.addEpoch({ epoch: 1, root: hash("root"), digests });
  expect(await store.unanchored(10)).toEqual([]);
  expect((await store.recordAt("b", 1))?.epoch).toBe(1);
  expect((await store.statistics(null)).recordsAnchored).toBe(0);
  await store.epochCommitted(1, "0xfeed");
  const kept = { epoch: 1, root: hash("root"), digests, committedTx: "0xfeed", final: false, blobs: 0 };
  expect(await store.epochs()).toEqual([kept]);
  expect([await store.unfinishedEpochs(), await store.finalAfter(0), await store.newestEpoch()]).toEqual([[kept], [], 1]);
  await store.epochFinal(1);
  expect([await store.unfinishedEpochs(), await store.finalAfter(0), await store.finalAfter(1)]).toEqual([[], [1], []]);
  expect((await store.statistics(null)).recordsAnchored).toBe(2);
  await expect(store.addEpoch({ epoch: 1, root: hash("again"), digests: [] })).rejects.toThrow(/UNIQUE/);
});

it("counts what happened, at all homes and at one", async () => {
  const { store } = await scratchStore();
  const none = {
    samples: 0,
    slots: 0,
    switches: 0,
    importWh: 0,
    exportWh: 0,
    plansAccepted: 0,
    plansRejected: 0,
    recordsCosigned: 0,
    recordsDisputed: 0,
    recordsAnchored: 0,
  };
  expect(await store.statistics(null)).toEqual(none);
  await store.ingest(
    "a",
    message([slotItem(1, 0, 100), slotItem(2, 0, 30, { register: "export" }), sampleItem(3), switchItem(4)]),
  );
  await store.ingest("b", message([slotItem(1, 0, 7), slotItem(2, 0, 500, { role: "load", meter: "pump" })]));
  for (const [number, status] of [
    [1, "ACCEPTED"],
    [2, "REJECTED"],
  ] as const) {
    await store.savePlans("a", [planOf(`r${number}`, number)], 1);
    await store.answerPlan("a", planOf(`r${number}`, number).plan, status, null);
  }
  await store.addRecord(storedRecord("a", 1, { state: "cosigned" }), { kind: "import", nextMs: 1 });
  await store.addRecord(storedRecord("b", 1, { state: "disputed" }), { kind: "import", nextMs: 1 });
  const a = {
    ...none,
    samples: 1,
    slots: 2,
    switches: 1,
    importWh: 100,
    exportWh: 30,
    plansAccepted: 1,
    plansRejected: 1,
    recordsCosigned: 1,
  };
  expect(await store.statistics("a")).toEqual(a);
  expect(await store.statistics(null)).toEqual({ ...a, slots: 4, importWh: 107, recordsDisputed: 1 });
  expect(await store.statistics("nobody")).toEqual(none);
});
