import { expect, it } from "vitest";
import type { RecordWire } from "../../../core/message/settlement-message.ts";
import { journal } from "../../../settlement/audit/journal.ts";
import { pairBooks } from "../../../settlement/audit/pair-book.ts";
import { recordDigest } from "../../../settlement/record/record.ts";
import { addressOf, after, exampleRecord, keyOf } from "../fixture.ts";

const domain = { chainId: 31_337, contract: addressOf(keyOf("some contract")) };
const first = exampleRecord(domain);
const digestOf = (record: RecordWire): string => recordDigest(domain, record);

it("takes any number of a record, and a hundred thousand gaps, for no more than they are", () => {
  const say = journal();
  const books = pairBooks(say);
  const last: RecordWire = { ...first, seq: Number.MAX_SAFE_INTEGER };
  for (const record of [last, first]) books.add(record, digestOf(record));
  for (let at = 1; at <= 150_000; at++)
    books.add({ ...first, kind: "fee", seq: 10 * at }, `0x${at.toString(16).padStart(64, "0")}`);
  expect(books.newestOf(first)).toBe(Number.MAX_SAFE_INTEGER);
  books.end(() => false);
  const { findings, more } = say.report();
  expect([books.digestAt(first, 1), books.digestAt(first, 2), books.digestAt(first, last.seq)]).toEqual([
    digestOf(first),
    undefined,
    digestOf(last),
  ]);
  const listed = findings.filter(({ cause }) => cause === "record-missing").length;
  expect(listed + (more.find(({ cause }) => cause === "record-missing")?.count ?? 0)).toBe(150_001);
});

it("says where a correction is settled twice for the same trades", () => {
  const say = journal();
  const books = pairBooks(say);
  const slot = { start: after(0), end: after(900), kind: "correction" as const };
  const one = exampleRecord(domain);
  const records: RecordWire[] = [
    { ...one, ...slot },
    { ...one, ...slot, seq: 2, ref: `0x${"2".repeat(64)}` },
    { ...one, ...slot, seq: 3 },
  ];
  for (const record of records) books.add(record, digestOf(record));
  expect(say.report().findings.filter(({ cause }) => cause === "periods-overlap")).toMatchObject([
    { verdict: "bad", detail: expect.stringContaining("correction") as string },
  ]);
});
