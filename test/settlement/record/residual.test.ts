import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkRecord, type RecordContext } from "../../../settlement/record/check-record.ts";
import { dueOf } from "../../../settlement/record/due.ts";
import { evidenceHash } from "../../../settlement/record/reference-hash.ts";
import { tradedOfSlots, withoutTraded } from "../../../settlement/record/residual.ts";
import {
  addressOf,
  after,
  exampleAgreement,
  exampleEvidence,
  exampleRecord,
  exampleSeries,
  keyOf,
  midnightS,
} from "../fixture.ts";

const domain = { chainId: 31_337, contract: addressOf(keyOf("some contract")) };
const ms = (seconds: number): number => (midnightS + seconds) * 1000;
const metered = exampleEvidence("import", [151, 0, 87, 1203]);
const slots = metered.slots.map(({ start, end, wh }) => ({
  register: "import" as const,
  startMs: Date.parse(start),
  endMs: Date.parse(end),
  wh,
}));

describe("what is left over", () => {
  it("is what was metered less what was traded, and the two together are always what was metered", () => {
    const minutes = fc.constantFrom(5, 15);
    fc.assert(
      fc.property(
        minutes,
        fc.array(fc.nat(2000), { minLength: 1, maxLength: 24 }),
        fc.array(fc.nat(3000), { maxLength: 8 }),
        (minute, whs, traded) => {
          const made = whs.map((wh, at) => ({ startMs: ms(at * minute * 60), endMs: ms((at + 1) * minute * 60), wh }));
          const byQuarter = new Map(traded.map((wh, at) => [ms(at * 900), wh]));
          const takes = tradedOfSlots(made, byQuarter);
          for (const [at, { wh }] of made.entries()) {
            expect(takes[at]).toBeGreaterThanOrEqual(0);
            expect(takes[at]).toBeLessThanOrEqual(wh);
          }
          for (const [quarter, most] of byQuarter) {
            const inside = made.filter(({ startMs }) => startMs >= quarter && startMs < quarter + 900_000);
            const sum = made.reduce(
              (total, { startMs }, at) => total + (startMs >= quarter && startMs < quarter + 900_000 ? (takes[at] ?? 0) : 0),
              0,
            );
            const wholeWh = inside.length === 15 / minute ? inside.reduce((total, { wh }) => total + wh, 0) : 0;
            expect(sum).toBe(Math.min(most, wholeWh));
          }
        },
      ),
    );
  });

  it("is what is priced; nothing traded leaves evidence and its hash as they were", () => {
    const evidence = withoutTraded(
      metered,
      new Map([
        [ms(0), 100],
        [ms(2700), 2000],
      ]),
    );
    expect(evidence.slots.map(({ wh }) => wh)).toEqual([51, 0, 87, 0]);
    expect(evidence.traded?.map(({ wh }) => wh)).toEqual([100, 1203]);
    const hour = { kind: "import" as const, start: after(0), end: after(3600) };
    expect(dueOf(hour, evidence, exampleAgreement(domain), exampleSeries())?.wh).toBe(138);
    expect(withoutTraded(metered, new Map([[ms(900), 50]]))).toBe(metered);
    expect(evidenceHash(evidence)).not.toBe(evidenceHash({ register: evidence.register, slots: evidence.slots }));
  });

  it("cannot name energy of no slot, twice, or out of order", () => {
    const evidence = withoutTraded(
      metered,
      new Map([
        [ms(0), 100],
        [ms(2700), 2000],
      ]),
    );
    const hour = { kind: "import" as const, start: after(0), end: after(3600) };
    const wrong = expect.objectContaining({ code: "settlement-wrong-evidence" }) as unknown;
    const [first, second] = evidence.traded ?? [];
    if (!first || !second) throw new Error("nothing was traded");
    for (const traded of [[{ ...first, end: after(901) }], [second, first], [first, first]])
      expect(() => dueOf(hour, { ...evidence, traded }, exampleAgreement(domain), exampleSeries())).toThrow(wrong);
  });
});

describe("a gateway", () => {
  const traded = new Map([
    [ms(0), 100],
    [ms(2700), 2000],
  ]);
  const context: RecordContext = {
    previous: null,
    agreement: exampleAgreement(domain),
    series: exampleSeries(),
    ownSlots: slots,
    covered: [],
    tradedWh: { import: traded, export: new Map() },
    pairs: [],
    nowMs: ms(3700),
  };
  const check = (evidence: typeof metered, given: Partial<RecordContext> = {}): string => {
    const checked = checkRecord({ record: exampleRecord(domain, { evidence }), evidence }, { ...context, ...given });
    return checked.ok ? "signed" : checked.code;
  };
  const { tradedWh: _, ...tradesNowhere } = context;

  it("signs for its supplier what it has not traded, and nothing that is billed a second time", () => {
    expect(check(withoutTraded(metered, traded))).toBe("signed");
    expect(check(metered)).toBe("settlement-trades-differ");
    expect(
      check(
        withoutTraded(
          metered,
          new Map([
            [ms(0), 99],
            [ms(2700), 2000],
          ]),
        ),
      ),
    ).toBe("settlement-trades-differ");
    const less = withoutTraded(metered, traded);
    expect(check({ ...less, slots: less.slots.map((slot, at) => (at === 2 ? { ...slot, wh: 86 } : slot)) })).toBe(
      "settlement-energy-differs",
    );
  });

  it("lets nothing be taken off where it has traded nothing", () => {
    const evidence = withoutTraded(metered, traded);
    const record = exampleRecord(domain, { evidence });
    expect(checkRecord({ record, evidence }, tradesNowhere)).toMatchObject({ code: "settlement-trades-differ" });
    expect(checkRecord({ record: exampleRecord(domain), evidence: metered }, tradesNowhere)).toEqual({ ok: true });
  });
});
