import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tenOfTen, type TenOfTenBasis } from "../../../aggregator/reward/ten-of-ten.ts";
import { slotsBetween, type Slot } from "../../../core/slots.ts";

const hourMs = 3_600_000;
const halfMs = hourMs / 2;
const timezone = "Europe/London";
/** Thursday 2026-02-26, 17:30 in London, which is UTC. */
const eventMs = Date.parse("2026-02-26T17:30:00Z");
const event = slotsBetween(eventMs, eventMs + hourMs, 30);
const span = { startMs: eventMs, endMs: eventMs + hourMs };

/** Half-hours of all days before the event, and of its day, by what each has. */
function historyOf(wh: (slot: Slot) => number, days = 30): TenOfTenBasis["history"] {
  return slotsBetween(eventMs - days * 24 * hourMs, eventMs + hourMs, 30).map((slot) => ({ ...slot, wh: wh(slot) }));
}
const today = ({ startMs }: Slot): boolean => startMs >= Date.parse("2026-02-26T00:00:00Z");
const inWindow = ({ startMs }: Slot): boolean =>
  (startMs - eventMs + 365 * 24 * hourMs) % (24 * hourMs) >= 20 * hourMs &&
  (startMs - eventMs + 365 * 24 * hourMs) % (24 * hourMs) < 23 * hourMs;
const baselineOf = (change: Partial<TenOfTenBasis>) =>
  tenOfTen({ event, history: historyOf(() => 500), controlled: [span], timezone, adjustmentCap: null, ...change });

describe("a 10-of-10 baseline", () => {
  // The published arithmetic of BL01: mean of the event's half-hours 500 Wh; window mean and the day's window as given.
  it.each([
    ["falls with a day on which less was used", 500, 250, [250, 250]],
    ["rises with a day on which more was used", 400, 500, [600, 600]],
    ["stays where the day is like the others", 400, 400, [500, 500]],
  ])("%s, by the window's own mean", (_, windowWh, todayWh, expected) => {
    const history = historyOf((slot) => (inWindow(slot) ? (today(slot) ? todayWh : windowWh) : 500));
    expect(baselineOf({ history })).toEqual(expected);
  });

  it("is bounded in what the day may move", () => {
    const history = historyOf((slot) => (inWindow(slot) && today(slot) ? 5000 : 500));
    expect(baselineOf({ history })).toEqual([5000, 5000]);
    expect(baselineOf({ history, adjustmentCap: 200 })).toEqual([600, 600]);
    const less = historyOf((slot) => (inWindow(slot) && today(slot) ? 0 : 500));
    expect(baselineOf({ history: less, adjustmentCap: 200 })).toEqual([400, 400]);
    expect(baselineOf({ history: less })).toEqual([0, 0]);
  });

  it("takes ten working days for a working day and four weekend days for one of the weekend", () => {
    const weekday = ({ startMs }: Slot) => new Date(startMs).getUTCDay() % 6 !== 0;
    const history = historyOf((slot) => (weekday(slot) ? 500 : 900));
    expect(baselineOf({ history })).toEqual([500, 500]);
    const saturday = event.map(({ startMs, endMs }) => ({ startMs: startMs + 48 * hourMs, endMs: endMs + 48 * hourMs }));
    const longer = [...history, ...saturday.map((slot) => ({ ...slot, wh: 1 }))];
    expect(baselineOf({ event: saturday, history: longer, controlled: saturday })).toEqual([900, 900]);
    // 11 and 12 days back are two working days more than ten; 13 days back is an eleventh.
    const dayOf = ({ startMs }: Slot) => Math.floor((Date.parse("2026-02-26T00:00:00Z") - startMs) / (24 * hourMs)) + 1;
    const tenth = historyOf((slot) => (dayOf(slot) === 14 ? 10_000 : 500));
    expect(baselineOf({ history: tenth, adjustmentCap: 0 })).toEqual([1450, 1450]);
    const eleventh = historyOf((slot) => (dayOf(slot) > 14 ? 10_000 : 500));
    expect(baselineOf({ history: eleventh })).toEqual([500, 500]);
  });

  it("leaves out days with control, and takes older ones for them", () => {
    const controlledDay = Date.parse("2026-02-25T08:00:00Z");
    const history = historyOf(({ startMs }) =>
      startMs >= Date.parse("2026-02-25T00:00:00Z") && startMs < Date.parse("2026-02-26T00:00:00Z") ? 0 : 500,
    );
    expect(baselineOf({ history, adjustmentCap: 0 })).toEqual([450, 450]);
    expect(baselineOf({ history, controlled: [span, { startMs: controlledDay, endMs: controlledDay + halfMs }] })).toEqual([
      500, 500,
    ]);
  });

  it("is not raised by pre-heating on instruction, though it is by what the household does by itself", () => {
    const preheating = { startMs: eventMs - 3 * hourMs, endMs: eventMs - 2 * hourMs };
    const history = historyOf((slot) => (slot.startMs >= preheating.startMs && slot.endMs <= preheating.endMs ? 3000 : 500));
    expect(baselineOf({ history, controlled: [span, preheating] })).toEqual([500, 500]);
    // Two of six half-hours with 2500 Wh more.
    expect(baselineOf({ history })).toEqual([1333, 1333]);
  });

  it("does not move where all of the window ran on instruction", () => {
    const all = { startMs: eventMs - 4 * hourMs, endMs: eventMs - hourMs };
    expect(baselineOf({ history: historyOf((slot) => (today(slot) ? 2000 : 500)), controlled: [span, all] })).toEqual([500, 500]);
  });

  it("is none with too few days, and leaves out days with a hole", () => {
    expect(baselineOf({ history: historyOf(() => 500, 14) })).toBeUndefined();
    expect(baselineOf({ history: historyOf(() => 500, 15) })).toEqual([500, 500]);
    const holed = historyOf(() => 500, 16).filter(({ startMs }) => startMs !== eventMs - 24 * hourMs);
    expect(baselineOf({ history: holed })).toEqual([500, 500]);
    expect(baselineOf({ history: [] })).toBeUndefined();
    expect(baselineOf({ event: [] })).toBeUndefined();
  });

  it("compares local times over a change of clocks, and the evening before with evenings before", () => {
    const berlin = "Europe/Berlin";
    // Tuesday 2026-03-31, 01:00 in Berlin; clocks changed on Sunday. The window begins on Monday at 21:00.
    const startMs = Date.parse("2026-03-30T23:00:00Z");
    const night = slotsBetween(startMs, startMs + hourMs, 30);
    const hourThere = (ms: number) =>
      Number(new Intl.DateTimeFormat("en-GB", { timeZone: berlin, hour: "2-digit", hourCycle: "h23" }).format(ms));
    const history = slotsBetween(startMs - 30 * 24 * hourMs, startMs + hourMs, 30).map((slot) => ({
      ...slot,
      wh: 100 * (1 + hourThere(slot.startMs)),
    }));
    expect(tenOfTen({ event: night, history, controlled: [], timezone: berlin, adjustmentCap: null })).toEqual([200, 200]);
  });

  it("is the exact mean, rounded half-even, whatever the order of the history", () => {
    const whs = fc.array(fc.nat(9999), { minLength: 30 * 48, maxLength: 30 * 48 });
    fc.assert(
      fc.property(whs, fc.constantFrom(null, 0, 200), (given, adjustmentCap) => {
        const history = historyOf(() => 0).map((slot, index) => ({ ...slot, wh: given[index % given.length] ?? 0 }));
        const baseline = baselineOf({ history, adjustmentCap });
        expect(baselineOf({ history: history.toReversed(), adjustmentCap })).toEqual(baseline);
        expect(baseline?.every((wh) => Number.isSafeInteger(wh) && wh >= 0)).toBe(true);
        if (adjustmentCap !== 0) return;
        const days = [1, 2, 3, 6, 7, 8, 9, 10, 13, 14];
        const sum = days.reduce(
          (total, back) => total + (history.find(({ startMs }) => startMs === eventMs - back * 24 * hourMs)?.wh ?? 0),
          0,
        );
        const [whole, rest] = [Math.floor(sum / 10), sum % 10];
        expect(baseline?.[0]).toBe(whole + (rest > 5 || (rest === 5 && whole % 2 === 1) ? 1 : 0));
      }),
      { numRuns: 30 },
    );
  });
});
