import { expect, it } from "vitest";
import { controlStore } from "../../../agent/store/control-store.ts";
import { meterStore } from "../../../agent/store/meter-store.ts";
import { recordStore } from "../../../agent/store/record-store.ts";
import type { PriceSeries } from "../../../core/message/price-series.ts";
import type { RecordWire } from "../../../core/message/settlement-message.ts";
import { openStore } from "../../fake/open-store.ts";
import { readingOf } from "../../fake/reading-of.ts";

const hash = (digit: string): string => `0x${digit.repeat(64)}`;
/** A record as the store sees it; its figures mean nothing here. */
const record = (seq: number, start: string, end: string): RecordWire => ({
  a: `0x${"1".repeat(40)}`,
  b: `0x${"2".repeat(40)}`,
  seq,
  start,
  end,
  cumA: "0",
  cumB: "0",
  salt: hash("3"),
  kind: "import",
  payer: `0x${"1".repeat(40)}`,
  time: end,
  wh: 1,
  amount: "0",
  prices: hash("4"),
  agreement: hash("5"),
  ref: hash("6"),
  prev: hash("0"),
});
const evidence = { register: "import" as const, slots: [] };
const [ten, eleven, noon] = ["2026-05-01T10:00:00.000Z", "2026-05-01T11:00:00.000Z", "2026-05-01T12:00:00.000Z"];

it("never takes a second body for a number of a pair", () => {
  const records = recordStore(openStore());
  records.add("pair", { record: record(1, ten, eleven), digest: hash("a"), evidence }, 0);
  expect(() => records.add("pair", { record: record(1, eleven, noon), digest: hash("b"), evidence }, 1)).toThrow(/UNIQUE/);
  records.add("other pair", { record: record(1, eleven, noon), digest: hash("b"), evidence }, 1);
  expect(records.at("pair", 1)).toMatchObject({ digest: hash("a"), ownSignature: null, otherSignature: null });
});

it("keeps both signatures and finds the newest record and those that touch a period", () => {
  const records = recordStore(openStore());
  records.add("pair", { record: record(2, eleven, noon), digest: hash("b"), evidence }, 0);
  records.add("pair", { record: record(1, ten, eleven), digest: hash("a"), evidence }, 0);
  records.signed("pair", 2, "0xown");
  records.countersigned("pair", 2, "0xother", 5);
  expect(records.newest("pair")).toMatchObject({ record: { seq: 2 }, ownSignature: "0xown", otherSignature: "0xother" });
  expect(records.newest("nobody")).toBeUndefined();
  const touching = (from: string, to: string) =>
    records.touching("pair", Date.parse(from), Date.parse(to)).map((one) => one.record.seq);
  expect([
    touching(ten, eleven),
    touching(eleven, noon),
    touching("2026-05-01T10:59:59Z", "2026-05-01T11:00:01Z"),
    touching(noon, "2026-05-02T00:00:00Z"),
  ]).toEqual([[1], [2], [1, 2], []]);
  expect(records.counts()).toEqual({ signed: 1, countersigned: 1 });
});

it("keeps a ledger, samples and slots as they were given", () => {
  const meters = meterStore(openStore());
  const slot = {
    meter: "grid",
    register: "import" as const,
    startMs: 0,
    endMs: 900_000,
    wh: 7,
    quality: "valid" as const,
    clockSynced: true,
  };
  meters.addSlots([
    slot,
    { ...slot, register: "export" },
    { ...slot, startMs: 900_000, endMs: 1_800_000, quality: "estimated", clockSynced: false },
  ]);
  // A second figure for a slot, as after a clock was set back, does not replace the first.
  expect(
    meters.addSlots([
      { ...slot, wh: 9 },
      { ...slot, startMs: 1_800_000, endMs: 2_700_000 },
    ]),
  ).toMatchObject([{ startMs: 1_800_000 }]);
  expect(meters.slots("grid", "import", 0, 900_000)).toEqual([slot]);
  expect(meters.slots("grid", "import", 1, 1_800_000)).toMatchObject([
    { startMs: 900_000, quality: "estimated", clockSynced: false },
  ]);
  const sample = { atMs: 5, reading: readingOf({ receivedMs: 6, powerW: null }) };
  meters.addSamples([sample, sample, { ...sample, atMs: 9 }]);
  expect(meters.sampleCount()).toBe(2);
  expect(meters.ledger("grid")).toBeNull();
});

it("keeps the newest 100 rejected frames of each meter with their bytes", () => {
  const db = openStore();
  const meters = meterStore(db);
  meters.addRejected({ meter: "quiet", atMs: 0, code: "p1-bad-crc", message: "x", bytes: Buffer.from([0]) });
  for (let at = 1; at <= 250; at++)
    meters.addRejected({ meter: "grid", atMs: at, code: "p1-bad-crc", message: "x", bytes: Buffer.from([at]) });
  expect(db.prepare("select count(*) as n, min(at_ms) as first from rejected_frame").get()).toEqual({ n: 101, first: 0 });
  expect(db.prepare("select min(at_ms) as first from rejected_frame where meter = 'grid'").get()).toEqual({ first: 151 });
  expect(db.prepare("select bytes from rejected_frame where at_ms = 250").get()).toEqual({ bytes: Buffer.from([250]) });
});

it("gives price series in order of arrival, each once, by the time they cover", () => {
  const control = controlStore(openStore());
  const series = (start: string, price: string): PriceSeries => ({
    v: 1,
    currency: "EUR",
    start,
    stepS: 900,
    importPerKwh: Array<string>(4).fill(price),
    exportPerKwh: Array<string>(4).fill("0"),
  });
  const [late, early, revised] = [series(eleven, "2"), series(ten, "1"), series(eleven, "3")];
  for (const one of [late, early, revised, late]) control.savePrices(one);
  expect(control.prices(Date.parse(ten), Date.parse(noon))).toEqual([late, early, revised]);
  expect(control.prices(Date.parse(ten), Date.parse(eleven))).toEqual([early]);
  expect(control.prices(Date.parse(noon), Date.parse(noon) + 1)).toEqual([]);
});

it("keeps the newest list of each resource, the last number of each topic and the switchings in order", () => {
  const control = controlStore(openStore());
  const list = (plan: string) => ({ plan: `6f1c2a4e-58a0-4f0e-9a4b-0f3c5c9be0${plan}`, resource: "boiler", instructions: [] });
  control.saveInstructions(list("01"), 1);
  control.saveInstructions(list("02"), 2);
  expect([...control.instructions()]).toEqual([["boiler", list("02")]]);
  control.see("k", "t", 5, "h5");
  control.see("k", "t", 6, "h6");
  control.see("k", "u", 1, "h1");
  expect([control.lastSeen("k", "t"), control.lastSeen("k", "u"), control.lastSeen("j", "t")]).toEqual([
    { seq: 6, hash: "h6" },
    { seq: 1, hash: "h1" },
    undefined,
  ]);
  for (const [atMs, resource, on] of [
    [1, "boiler", true],
    [2, "car", true],
    [3, "boiler", false],
  ] as const)
    control.journal({ resource, atMs, on, setting: { mode: "charge", powerW: atMs }, reason: "x" });
  expect(control.switchings(2).map(({ atMs }) => atMs)).toEqual([2, 3]);
  expect(control.switchings(3)).toMatchObject([{ setting: { mode: "charge", powerW: 3 } }]);
  expect(control.lastSwitchings().map(({ resource, on }) => [resource, on])).toEqual([
    ["car", true],
    ["boiler", false],
  ]);
});
