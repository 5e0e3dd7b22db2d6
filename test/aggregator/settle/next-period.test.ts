import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { evidenceOf, nextPeriods, serviceOf, type NextPeriod } from "../../../aggregator/settle/next-period.ts";
import { isServiceDay } from "../../../settlement/record/service-day.ts";
import { exampleAgreement } from "../../settlement/fixture.ts";
import { midnightMs, quarterMs } from "../rows.ts";

const hourMs = 3_600_000;
const domain = { chainId: 31_337, contract: `0x${"5e".repeat(20)}` };
const agreement = exampleAgreement(domain);
const at = (text: string): number => Date.parse(text);
const all = (ms: number) => ({ import: ms, export: ms, reward: ms });

describe("nextPeriods", () => {
  it("waits for the end of the period", () => {
    expect(nextPeriods(agreement, all(midnightMs), midnightMs + hourMs - 1)).toEqual([]);
    expect(nextPeriods(agreement, all(midnightMs), midnightMs + hourMs)).toEqual([
      { kind: "import", startMs: midnightMs, endMs: midnightMs + hourMs },
      { kind: "export", startMs: midnightMs, endMs: midnightMs + hourMs },
    ]);
  });

  it("gives the earliest first", () => {
    const cursors = { ...all(midnightMs), import: midnightMs + 3 * hourMs };
    expect(nextPeriods(agreement, cursors, midnightMs + 9 * hourMs).map(({ kind }) => kind)).toEqual(["export", "import"]);
  });

  it("rewards a service day once all its import is settled", () => {
    const dayMs = 24 * hourMs;
    const before = { import: midnightMs + dayMs - hourMs, export: midnightMs + dayMs, reward: midnightMs };
    const late = midnightMs + dayMs + 10 * 60_000;
    expect(nextPeriods(agreement, before, late).map(({ kind }) => kind)).toEqual(["import"]);
    expect(nextPeriods(agreement, { ...before, import: midnightMs + dayMs }, late)).toEqual([
      { kind: "reward", startMs: midnightMs, endMs: midnightMs + dayMs },
    ]);
  });

  it("settles up to the agreement's end, and nothing after it", () => {
    const untilMs = midnightMs + 1.5 * hourMs;
    const short = exampleAgreement(domain, { until: new Date(untilMs).toISOString() });
    expect(nextPeriods(short, all(midnightMs + hourMs), midnightMs + 99 * hourMs)).toEqual([
      { kind: "import", startMs: midnightMs + hourMs, endMs: untilMs },
      { kind: "export", startMs: midnightMs + hourMs, endMs: untilMs },
    ]);
    expect(nextPeriods(short, all(untilMs), midnightMs + 99 * hourMs)).toEqual([]);
  });

  it.each<[number, string, number[]]>([
    [900, "2026-03-28T23:00:00Z", [92]],
    [900, "2026-10-24T22:00:00Z", [100]],
    [86_400, "2026-03-28T23:00:00Z", [1]],
    // A record of a day is at most 24 hours long: the hour that is left has one of its own.
    [86_400, "2026-10-24T22:00:00Z", [2]],
    [7000, "2026-06-10T22:00:00Z", [13]],
  ])("settles a day from %s s periods at %s, none beyond its end", (periodS, day, [count]) => {
    const startMs = at(day);
    const agreed = exampleAgreement(domain, { from: new Date(startMs).toISOString(), periodS });
    const nowMs = startMs + 40 * hourMs;
    const ends: number[] = [];
    let cursor = startMs;
    for (;;) {
      const period = nextPeriods(agreed, { import: cursor, export: nowMs, reward: startMs }, nowMs)[0];
      expect(period?.startMs).toBe(period?.kind === "reward" ? startMs : cursor);
      if (period?.kind === "reward") {
        // The day's reward comes as soon as its last energy is settled.
        expect(cursor).toBe(period.endMs);
        break;
      }
      cursor = period?.endMs ?? expect.fail("a period is missing");
      expect(cursor - (period?.startMs ?? 0)).toBeLessThanOrEqual(periodS * 1000);
      ends.push(cursor);
    }
    expect(ends).toHaveLength(count ?? 0);
  });

  it.each<[string, string, number]>([
    ["the shorter day of spring", "2026-03-28T23:00:00Z", 23],
    ["the longer day of autumn", "2026-10-24T22:00:00Z", 25],
    ["any other day", "2026-06-10T22:00:00Z", 24],
  ])("takes %s for what it is", (_, start, hours) => {
    const startMs = at(start);
    const cursors = { import: startMs + 30 * hourMs, export: startMs + 30 * hourMs, reward: startMs };
    expect(nextPeriods(agreement, cursors, startMs + 30 * hourMs)[0]).toEqual({
      kind: "reward",
      startMs,
      endMs: startMs + hours * hourMs,
    });
  });

  it("gives rewards that follow one another without gap, each one service day, from any minute of a year", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 * 24 * 60 }), (minute) => {
        let startMs = midnightMs + minute * 60_000;
        const nowMs = startMs + 20 * 24 * hourMs;
        for (let day = 0; day < 5; day++) {
          const [reward] = nextPeriods(agreement, { import: nowMs, export: nowMs, reward: startMs }, nowMs);
          expect(reward).toMatchObject({ kind: "reward", startMs });
          expect(isServiceDay(startMs, reward?.endMs ?? 0, agreement.timezone)).toBe(true);
          startMs = reward?.endMs ?? 0;
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe("evidenceOf", () => {
  const period: NextPeriod = { kind: "import", startMs: midnightMs, endMs: midnightMs + hourMs };
  const slot = (index: number, wh = 10 * index) => ({
    startMs: midnightMs + index * quarterMs,
    endMs: midnightMs + (index + 1) * quarterMs,
    wh,
  });

  it("gives the slots of the period and no others", () => {
    const evidence = evidenceOf(
      period,
      [-1, 0, 1, 2, 3, 4].map((index) => slot(index)),
    );
    expect(evidence?.slots.map(({ wh }) => wh)).toEqual([0, 10, 20, 30]);
    expect(evidence).toMatchObject({
      register: "import",
      slots: [{ start: "2026-03-01T23:00:00.000Z", end: "2026-03-01T23:15:00.000Z" }, {}, {}, {}],
    });
  });

  it("gives nothing while any slot is missing", () => {
    for (const missing of [0, 1, 2, 3])
      expect(
        evidenceOf(
          period,
          [0, 1, 2, 3].filter((index) => index !== missing).map((index) => slot(index)),
        ),
      ).toBeUndefined();
    expect(evidenceOf(period, [])).toBeUndefined();
  });

  it("does not take a slot that reaches over the period's end for one inside", () => {
    expect(evidenceOf(period, [slot(0), slot(1), slot(2), { ...slot(3), endMs: midnightMs + hourMs + 1 }])).toBeUndefined();
  });

  it("does not take two slots of the same time for a gap's filling", () => {
    expect(evidenceOf(period, [slot(0), slot(1), slot(1), slot(3)])).toBeUndefined();
  });

  it("takes a slot that came twice once", () => {
    const evidence = evidenceOf(period, [slot(0), slot(1), slot(1, 999), slot(2), slot(3)]);
    expect(evidence?.slots.map(({ wh }) => wh)).toEqual([0, 10, 20, 30]);
  });

  it("takes the last of a slot that came twice where a person has decided so", () => {
    const evidence = evidenceOf(period, [slot(0), slot(1), slot(1, 999), slot(2), slot(3)], "last");
    expect(evidence?.slots.map(({ wh }) => wh)).toEqual([0, 999, 20, 30]);
  });

  it("needs no slots for a reward", () => {
    const reward: NextPeriod = { kind: "reward", startMs: midnightMs, endMs: midnightMs + 24 * hourMs };
    expect(evidenceOf(reward, [])).toEqual({ register: "none", slots: [] });
    expect(serviceOf(reward)).toEqual({ kind: "reward", start: "2026-03-01T23:00:00.000Z", end: "2026-03-02T23:00:00.000Z" });
  });
});
