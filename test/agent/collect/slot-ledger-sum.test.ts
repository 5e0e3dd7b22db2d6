import fc from "fast-check";
import { expect, it } from "vitest";
import { book, bookedAt, type LedgerState, type SlotTotal } from "../../../agent/collect/slot-ledger.ts";
import { slotMinutes } from "../../../core/slots.ts";
import type { Reading } from "../../../core/reading.ts";
import { readingOf } from "../../fake/reading-of.ts";

const startMs = Date.parse("2026-03-28T22:03:00Z");
type Register = "import" | "export";

/** What can come next from a meter, good and bad. Seconds and Wh since the reading before. */
const step = fc.record({
  afterS: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 60 }) },
    { weight: 2, arbitrary: fc.integer({ min: -30, max: 7200 }) },
    fc.integer({ min: 7200, max: 90_000 }),
  ),
  importWh: fc.integer({ min: 0, max: 60 }),
  exportWh: fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 30 }) }, fc.constant(null)),
  fault: fc.oneof(
    { weight: 12, arbitrary: fc.constant("none" as const) },
    fc.constantFrom("repeat", "zero", "backwards", "jump", "suspect", "meter change", "no id", "lasting reset", "no import"),
  ),
  meterAheadS: fc.oneof(fc.constant(null), fc.integer({ min: -70, max: 70 })),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Plays steps as readings of a meter whose counters only ever rise, but for the faults. */
function readingsOf(steps: readonly Step[]): Reading[] {
  let atMs = startMs;
  let id = 1;
  let wh = { import: 50_000, export: 900 };
  let last: Reading | undefined;
  return steps.map(({ afterS, importWh, exportWh, fault, meterAheadS }) => {
    if (fault === "repeat" && last) return last;
    atMs += afterS * 1000;
    if (fault === "meter change") {
      id++;
      wh = { import: 3 * id, export: 0 };
    }
    if (fault === "lasting reset") wh = { import: 11, export: 0 };
    wh = { import: wh.import + importWh, export: wh.export + (exportWh ?? 0) };
    last = readingOf({
      receivedMs: atMs,
      meterMs: meterAheadS === null ? null : atMs + meterAheadS * 1000,
      meterId: fault === "no id" ? null : `TST-${id}`,
      quality: fault === "suspect" ? "suspect" : "valid",
      importWh:
        fault === "no import"
          ? null
          : fault === "zero"
            ? 0
            : fault === "backwards"
              ? Math.max(0, wh.import - 500)
              : fault === "jump"
                ? wh.import + 9_000_000
                : wh.import,
      exportWh: exportWh === null ? null : wh.export,
    });
    return last;
  });
}

/** The counter's difference over all readings that count, one meter after the other. */
function differences() {
  const last = new Map<Register, number>();
  const total = { import: 0, export: 0 };
  return {
    total,
    take(reading: Reading, sameMeter: boolean) {
      if (!sameMeter) last.clear();
      for (const register of ["import", "export"] as const) {
        const wh = register === "import" ? reading.importWh : reading.exportWh;
        if (wh === null) continue;
        total[register] += wh - (last.get(register) ?? wh);
        last.set(register, wh);
      }
    },
  };
}

const openWh = (state: LedgerState | null, register: Register): number => {
  const open = state?.[register];
  return open ? open.carryWh + (open.lastWh ?? open.baseWh) - open.baseWh : 0;
};

it("books, over any sequence of readings, exactly the difference of the counters, in slots that never overlap or repeat", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.constantFrom(...slotMinutes), (steps, minutes) => {
      const rules = { slotMinutes: minutes, plausibleW: 25_000 };
      const counted = differences();
      const booked = { import: 0, export: 0 };
      const endMs = { import: -Infinity, export: -Infinity };
      let state: LedgerState | null = null;
      for (const reading of readingsOf(steps)) {
        const before: LedgerState | null = state;
        const result: { state: LedgerState | null; slots: SlotTotal[]; flag?: string } = book(before, reading, rules);
        // As after a restart at any moment.
        state = result.state && (JSON.parse(JSON.stringify(result.state)) as LedgerState);
        const opened: boolean = state !== null && state.atMs === bookedAt(reading) && state.atMs !== before?.atMs;
        const sameMeter =
          result.flag === undefined &&
          (before === null || reading.meterId === null || before.meterId === null || before.meterId === reading.meterId);
        if (opened) counted.take(reading, sameMeter);
        else expect(result.slots).toEqual([]);
        for (const slot of result.slots) {
          expect(slot.startMs).toBeGreaterThanOrEqual(endMs[slot.register]);
          expect(slot.endMs - slot.startMs).toBe(minutes * 60_000);
          expect(slot.startMs % (minutes * 60_000)).toBe(0);
          expect(slot.endMs).toBeLessThanOrEqual(bookedAt(reading));
          expect(slot.wh).toBeGreaterThanOrEqual(0);
          expect(Number.isInteger(slot.wh)).toBe(true);
          endMs[slot.register] = slot.endMs;
          booked[slot.register] += slot.wh;
        }
        for (const register of ["import", "export"] as const)
          expect(booked[register] + openWh(state, register), `${register} after ${JSON.stringify(reading)}`).toBe(
            counted.total[register],
          );
      }
    }),
    { numRuns: 600 },
  );
});

it("flags nothing and leaves no slot out while readings come regularly and believably", () => {
  const believable = fc.array(fc.record({ afterS: fc.integer({ min: 1, max: 40 }), importWh: fc.integer({ min: 0, max: 90 }) }), {
    minLength: 100,
    maxLength: 300,
  });
  fc.assert(
    fc.property(believable, (rows) => {
      let state: LedgerState | null = null;
      let [atMs, wh] = [startMs, 700];
      let expectedMs: number | undefined;
      for (const { afterS, importWh } of rows) {
        [atMs, wh] = [atMs + afterS * 1000, wh + importWh];
        const result: ReturnType<typeof book> = book(state, readingOf({ receivedMs: atMs, importWh: wh, exportWh: null }), {
          slotMinutes: 5,
          plausibleW: 25_000,
        });
        expect(result.flag).toBeUndefined();
        for (const [at, slot] of result.slots.entries()) {
          if (expectedMs !== undefined) expect([at, slot.startMs, slot.quality]).toEqual([at, expectedMs, "valid"]);
          expectedMs = slot.endMs;
        }
        state = result.state;
      }
    }),
    { numRuns: 50 },
  );
});
