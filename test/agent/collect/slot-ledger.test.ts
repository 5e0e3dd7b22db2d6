import { describe, expect, it } from "vitest";
import { book, bookedAt, type LedgerState, type SlotTotal } from "../../../agent/collect/slot-ledger.ts";
import type { Reading } from "../../../core/reading.ts";
import { readingOf } from "../../fake/reading-of.ts";

const rules = { slotMinutes: 15, plausibleW: 20_000 };
const startMs = Date.parse("2026-05-04T10:00:00Z");
const minuteMs = 60_000;

/** Books readings given as [seconds after 10:00, import Wh, anything else]; the state passes through JSON as at a restart. */
function bookAll(rows: [atS: number, importWh: number | null, change?: Partial<Reading>][]) {
  let state: LedgerState | null = null;
  const slots: SlotTotal[] = [];
  const flags: (string | undefined)[] = [];
  for (const [atS, importWh, change] of rows) {
    const booked = book(state, readingOf({ receivedMs: startMs + atS * 1000, importWh, exportWh: null, ...change }), rules);
    state = booked.state && (JSON.parse(JSON.stringify(booked.state)) as LedgerState);
    slots.push(...booked.slots);
    flags.push(booked.flag);
  }
  const short = slots.map(({ register, startMs: from, wh, quality }) => [register, (from - startMs) / minuteMs, wh, quality]);
  return { state, slots, short, flags };
}

it("books a slot when the next one begins, from the counter alone", () => {
  const { short, slots } = bookAll([
    [0, 1000],
    [440, 1200],
    [890, 1290],
    [900, 1300],
  ]);
  expect(short).toEqual([["import", 0, 300, "valid"]]);
  expect(slots[0]).toMatchObject({ meter: "grid", endMs: startMs + 15 * minuteMs, clockSynced: true });
});

it("splits a difference at the boundary between two close readings, in whole Wh", () => {
  const { short, state } = bookAll([
    [0, 1000],
    [895, 1100],
    [905, 1103],
  ]);
  expect(short).toEqual([["import", 0, 102, "valid"]]);
  expect(state?.import).toEqual({ baseWh: 1102, lastWh: 1103, carryWh: 0 });
});

it("spreads a gap over its slots and calls them estimated, and the first whole slot after it valid", () => {
  const { short } = bookAll([
    [0, 1000],
    [600, 1100],
    [3000, 2100],
    [3600, 2200],
    [4490, 2290],
    [4500, 2300],
  ]);
  expect(short).toEqual([
    ["import", 0, 225, "estimated"],
    ["import", 15, 375, "estimated"],
    ["import", 30, 375, "estimated"],
    ["import", 45, 225, "estimated"],
    ["import", 60, 100, "estimated"],
  ]);
});

it.each<[number, string]>([
  [60, "valid"],
  [61, "estimated"],
])("with %s s between the readings around both boundaries the slot is %s", (apartS, quality) => {
  const rows: [number, number][] = [890, 890 + apartS, 1790, 1790 + apartS].map((atS) => [atS, 1000 + atS]);
  expect(bookAll([[0, 1000], ...rows]).short.at(-1)).toEqual(["import", 15, 900, quality]);
});

it("calls a slot estimated that began before the first reading", () => {
  const rows: [number, number][] = [
    [10, 1000],
    [880, 1100],
    [910, 1100],
    [1795, 1200],
    [1800, 1200],
  ];
  expect(bookAll(rows).short.map(([, , , quality]) => quality)).toEqual(["estimated", "valid"]);
});

it("marks slots with readings that had no checksum, or of an unset clock", () => {
  const { slots } = bookAll([
    [0, 1000],
    [450, 1050, { quality: "unchecked" }],
    [900, 1100],
    [1300, 1150, { clockSynced: false }],
    [1790, 1190],
    [1800, 1200],
  ]);
  expect(slots.map(({ quality, clockSynced }) => [quality, clockSynced])).toEqual([
    ["estimated", true],
    ["estimated", false],
  ]);
  const steady = Array.from({ length: 31 }, (_, at): [number, number, Partial<Reading>] => [
    at * 30,
    1000 + at,
    at === 7 ? { quality: "unchecked" } : {},
  ]);
  expect(bookAll(steady).short).toEqual([["import", 0, 30, "unchecked"]]);
});

it("books both registers apart, and none that the meter does not have", () => {
  const { short } = bookAll([
    [0, 1000, { exportWh: 50 }],
    [890, 1000, { exportWh: 350 }],
    [900, 1000, { exportWh: 350 }],
  ]);
  expect(short).toEqual([
    ["import", 0, 0, "valid"],
    ["export", 0, 300, "valid"],
  ]);
  expect(
    bookAll([
      [0, null],
      [890, null],
      [900, null],
    ]).slots,
  ).toEqual([]);
});

describe("what is flagged and changes no energy", () => {
  const two: [number, number][] = [
    [0, 1000],
    [10, 1005],
  ];
  it.each<[string, [number, number, Partial<Reading>?], string]>([
    ["a suspect reading", [20, 1010, { quality: "suspect" }], "reading-suspect"],
    ["the same instant again", [10, 1005], "reading-repeated"],
    ["an instant before", [5, 1010], "reading-repeated"],
    ["a counter that ran backwards", [20, 1004], "counter-backwards"],
    ["a transient zero", [20, 0], "counter-backwards"],
    ["more than the connection carries", [20, 1005 + 335], "counter-jump"],
  ])("%s", (_, row, flag) => {
    const { flags, state } = bookAll([...two, row]);
    expect(flags.at(-1)).toBe(flag);
    expect(state).toMatchObject({ atMs: startMs + 10_000, import: { baseWh: 1000, lastWh: 1005 } });
  });

  it("what the connection just carries is booked, and more after a longer silence", () => {
    expect(bookAll([...two, [20, 1005 + 334]]).flags.at(-1)).toBeUndefined();
    expect(bookAll([...two, [3610, 1005 + 20_001]]).flags.at(-1)).toBeUndefined();
    expect(bookAll([...two, [3610, 1005 + 20_002]]).flags.at(-1)).toBe("counter-jump");
  });

  it("goes on as if nothing had been when good readings follow", () => {
    const rows: [number, number][] = [
      [0, 1000],
      [10, 0],
      [20, 1010],
      [890, 1090],
      [900, 1100],
    ];
    expect(bookAll(rows).short).toEqual([["import", 0, 100, "valid"]]);
  });

  it("accepts a lasting reset after 15 min, without booking the difference", () => {
    const rows = Array.from({ length: 92 }, (_, at): [number, number] => [10 + at * 10, 5 + at]);
    const { flags, state, slots } = bookAll([[0, 1000], ...rows]);
    expect(flags.slice(1).filter((flag) => flag === "counter-backwards")).toHaveLength(91);
    expect(flags.at(-1)).toBeUndefined();
    expect(state?.import).toMatchObject({ baseWh: 95, lastWh: 96 });
    expect(slots.map(({ wh, quality }) => [wh, quality])).toEqual([[0, "estimated"]]);
  });
});

describe("a new meter", () => {
  it("closes the ledger and opens another; within one slot both add up", () => {
    const { short } = bookAll([
      [0, 1000],
      [400, 1100],
      [500, 7, { meterId: "TST-0002" }],
      [890, 47, { meterId: "TST-0002" }],
      [900, 57, { meterId: "TST-0002" }],
    ]);
    expect(short).toEqual([["import", 0, 150, "estimated"]]);
  });

  it("in a later slot leaves the time between without figures", () => {
    const { short } = bookAll([
      [0, 1000],
      [400, 1100],
      [2000, 7, { meterId: "TST-0002" }],
      [2690, 17, { meterId: "TST-0002" }],
      [2700, 17, { meterId: "TST-0002" }],
    ]);
    expect(short).toEqual([
      ["import", 0, 100, "estimated"],
      ["import", 30, 10, "estimated"],
    ]);
  });

  it("that has no such register does not lose what the old one had booked in the open slot", () => {
    const { short } = bookAll([
      [0, 1000, { exportWh: 10 }],
      [400, 1100, { exportWh: 60 }],
      [500, 7, { exportWh: null, meterId: "TST-0002" }],
      [900, 7, { exportWh: null, meterId: "TST-0002" }],
      [1800, 7, { exportWh: null, meterId: "TST-0002" }],
    ]);
    expect(short.filter(([register, from]) => register === "export" && from === 0)).toEqual([["export", 0, 50, "estimated"]]);
  });

  it("is not taken for one when a telegram lacks the id", () => {
    expect(
      bookAll([
        [0, 1000],
        [10, 1001, { meterId: null }],
        [20, 1002],
      ]).state?.import,
    ).toMatchObject({ baseWh: 1000, lastWh: 1002 });
  });
});

describe("the instant of a reading", () => {
  it.each<[string, number | null, number]>([
    ["the meter's while it agrees with ours", 60_000, 60_000],
    ["the meter's when it is behind", -60_000, -60_000],
    ["that of receipt when the meter is far off", 60_001, 0],
    ["that of receipt when the meter has none", null, 0],
  ])("is %s", (_, aheadMs, expected) => {
    const reading = readingOf({ receivedMs: startMs, meterMs: aheadMs === null ? null : startMs + aheadMs });
    expect(bookedAt(reading) - startMs).toBe(expected);
  });
});

it("opens a new ledger when a clock that was never set is set, instead of filling decades with slots", () => {
  const { slots, flags, state } = bookAll([
    [-56 * 365 * 86_400, 1000],
    [0, 1005],
    [60, 1006],
  ]);
  expect(slots.length).toBeLessThanOrEqual(1);
  expect(flags).toEqual([undefined, "clock-step", undefined]);
  expect(state).toMatchObject({ atMs: startMs + 60_000, import: { lastWh: 1006 } });
});

it("goes on after a quarter of an hour when one reading from the future was booked", () => {
  const tenYearsS = 10 * 365 * 86_400;
  const after = Array.from({ length: 40 }, (_, at): [number, number] => [60 * at, 1010 + at]);
  const { flags, state } = bookAll([[0, 1000], [tenYearsS, 1005], ...after]);
  expect(flags.filter((flag) => flag === "clock-step")).toHaveLength(17);
  expect(flags.at(-1)).toBeUndefined();
  expect(state).toMatchObject({ atMs: startMs + 39 * 60_000, import: { lastWh: 1049 } });
});
