import fc from "fast-check";
import { expect, it } from "vitest";
import { presenceSeen } from "../../../aggregator/forecast/presence-seen.ts";
import { midnightMs, quarterMs } from "../rows.ts";

const at = (quarter: number): number => midnightMs + quarter * quarterMs;
const slotsOf = (whs: readonly number[]) => whs.map((wh, quarter) => ({ startMs: at(quarter), endMs: at(quarter + 1), wh }));
const shown = (seen: ReturnType<typeof presenceSeen>): string[] =>
  seen.map(({ startMs, there, assumed }) => `${(startMs - midnightMs) / quarterMs} ${assumed ? "assumed" : there}`);

it("takes a car for away while it might draw and does not, and for there from when it draws until its window ends", () => {
  const seen = presenceSeen(
    slotsOf([0, 0, 0, 900, 900, 0, 5, 0]),
    [{ atMs: at(-4), on: true }],
    [{ fromMs: at(1), readyMs: at(7) }],
  );
  expect(shown(seen)).toEqual(["1 false", "2 false", "3 true", "4 true", "5 assumed", "6 assumed"]);
});

it("says nothing of a car that is held off, nor of one whose charger nobody has told to run", () => {
  const window = [{ fromMs: at(0), readyMs: at(8) }];
  const held = [
    { atMs: at(0), on: true },
    { atMs: at(1.5), on: false },
    { atMs: at(4), on: true },
  ];
  expect(shown(presenceSeen(slotsOf([0, 0, 0, 0, 0, 900]), held, window))).toEqual(["0 false", "4 false", "5 true"]);
  expect(shown(presenceSeen(slotsOf([0, 0, 0, 0, 0, 900]), [], window))).toEqual(["5 true"]);
});

it("begins anew with each window", () => {
  const windows = [
    { fromMs: at(0), readyMs: at(3) },
    { fromMs: at(4), readyMs: at(7) },
  ];
  const seen = presenceSeen(slotsOf([0, 900, 0, 0, 0, 0, 900, 900]), [{ atMs: at(0), on: true }], windows);
  expect(shown(seen)).toEqual(["0 false", "1 true", "2 assumed", "4 false", "5 false", "6 true", "7 true"]);
});

it("never takes for away what draws, what is held off or what has drawn before, whatever comes", () => {
  const anyDay = fc.record({
    whs: fc.array(fc.constantFrom(0, 5, 900), { minLength: 1, maxLength: 60 }),
    switched: fc.array(fc.record({ quarter: fc.integer({ min: -5, max: 120 }).map((half) => half / 2), on: fc.boolean() })),
    edges: fc.uniqueArray(fc.integer({ min: -10, max: 70 }), { maxLength: 8 }),
  });
  fc.assert(
    fc.property(anyDay, ({ whs, switched, edges }) => {
      const sorted = edges.toSorted((one, other) => one - other);
      const windows = sorted.flatMap((from, index) =>
        index % 2 === 0 && sorted[index + 1] !== undefined ? [{ fromMs: at(from), readyMs: at(sorted[index + 1] ?? 0) }] : [],
      );
      const switchings = switched
        .map(({ quarter, on }) => ({ atMs: at(quarter), on }))
        .toSorted((one, other) => one.atMs - other.atMs);
      const slots = slotsOf(whs);
      const seen = presenceSeen(slots, switchings, windows);
      for (const slot of slots) {
        const found = seen.find(({ startMs }) => startMs === slot.startMs);
        if (slot.wh > 12.5) expect(found).toMatchObject({ there: true });
        if (!found || found.there) continue;
        const window = windows.find(({ fromMs, readyMs }) => fromMs <= slot.startMs && slot.startMs < readyMs);
        const drawn = slots.filter(
          ({ startMs, wh }) => startMs >= (window?.fromMs ?? Infinity) && startMs < slot.startMs && wh > 12.5,
        );
        const states = switchings.filter(({ atMs }) => atMs < slot.endMs);
        const during = states.filter(({ atMs }) => atMs > slot.startMs);
        const before = states.findLast(({ atMs }) => atMs <= slot.startMs);
        expect([window === undefined, drawn.length, before?.on, during.every(({ on }) => on)]).toEqual([false, 0, true, true]);
      }
      expect(seen.map(({ startMs }) => startMs)).toEqual([...new Set(seen.map(({ startMs }) => startMs))]);
    }),
  );
});
