import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { divideHalfEven } from "../../../core/units.ts";
import { energyAmount } from "../../../settlement/record/amount.ts";
import { dueOf } from "../../../settlement/record/due.ts";
import {
  addressOf,
  after,
  aggregator,
  exampleAgreement,
  exampleEvidence,
  exampleSeries,
  household,
  keyOf,
  noEvidence,
} from "../fixture.ts";

const agreement = exampleAgreement({ chainId: 1, contract: addressOf(keyOf("some contract")) });
const series = exampleSeries();
const hour = { kind: "import" as const, start: after(0), end: after(3600) };
const code = (expected: string) => expect.objectContaining({ code: expected });
const price = fc.bigInt({ min: -2_000_000n, max: 2_000_000n });
const priced = fc.array(fc.tuple(fc.nat(50_000), price), { minLength: 1, maxLength: 96 });

describe("amount of energy", () => {
  it("is the sum of Wh x price, rounded half-even once", () => {
    fc.assert(
      fc.property(priced, (slots) => {
        const prices = slots.map(([, micro]) => String(micro));
        const own = exampleSeries({ importPerKwh: prices, exportPerKwh: prices });
        const whs = slots.map(([wh]) => wh);
        const exact = slots.reduce((sum, [wh, micro]) => sum + BigInt(wh) * micro, 0n);
        for (const register of ["import", "export"] as const)
          expect(energyAmount(exampleEvidence(register, whs), own)).toEqual({
            wh: whs.reduce((sum, wh) => sum + wh, 0),
            micro: divideHalfEven(exact, 1000n),
          });
      }),
    );
  });

  it("rounds halves to even", () => {
    const at = (micro: string) => exampleSeries({ importPerKwh: [micro] });
    expect(energyAmount(exampleEvidence("import", [1]), at("2500")).micro).toBe(2n);
    expect(energyAmount(exampleEvidence("import", [1]), at("3500")).micro).toBe(4n);
    expect(energyAmount(exampleEvidence("import", [1]), at("-2500")).micro).toBe(-2n);
  });

  it("takes the price of each slot's own step", () => {
    const { micro } = energyAmount(exampleEvidence("import", [1000, 1000], 900 * 5), series);
    expect(micro).toBe(210_000n + 1370n * 5n + 210_000n + 1370n * 6n);
  });

  it("refuses slots that the series does not cover, before, after or in part", () => {
    for (const startS of [-900, 86_400])
      expect(() => energyAmount(exampleEvidence("import", [1], startS), series)).toThrow(code("settlement-no-price"));
    const late = { register: "import" as const, slots: [{ start: after(86_400 - 900), end: after(86_401), wh: 1 }] };
    expect(() => energyAmount(late, series)).toThrow(code("settlement-no-price"));
  });

  it("refuses a slot in which the price changes, but takes one in which it only could", () => {
    const slot = { register: "import" as const, slots: [{ start: after(600), end: after(1200), wh: 10 }] };
    expect(() => energyAmount(slot, series)).toThrow(code("settlement-mixed-price"));
    expect(energyAmount(slot, exampleSeries({ importPerKwh: ["100000", "100000"] })).micro).toBe(1000n);
  });

  it("refuses slots that overlap, run backwards or have no register", () => {
    const one = { start: after(0), end: after(900), wh: 1 };
    for (const evidence of [
      { register: "import" as const, slots: [one, one] },
      { register: "import" as const, slots: [{ ...one, end: one.start }] },
      { register: "import" as const, slots: [{ ...one, wh: -1 }] },
      { register: "none" as const, slots: [one] },
    ])
      expect(() => energyAmount(evidence, series)).toThrow(code("settlement-bad-evidence"));
  });
});

describe("what is due", () => {
  const flat = (micro: string) => exampleSeries({ importPerKwh: Array(4).fill(micro), exportPerKwh: Array(4).fill(micro) });

  it.each([
    ["import", "200000", household.owner],
    ["import", "0", household.owner],
    ["import", "-200000", aggregator.owner],
    ["export", "200000", aggregator.owner],
    ["export", "0", aggregator.owner],
    ["export", "-200000", household.owner],
  ] as const)("for %s at price %s is paid by the right side and never negative", (kind, micro, payer) => {
    const due = dueOf({ ...hour, kind }, exampleEvidence(kind, [500, 500]), agreement, flat(micro));
    expect(due).toEqual({ wh: 1000, payer, amount: micro === "0" ? 0n : 200_000n });
  });

  it("for a reward is the agreement's amount for one service day, paid by the aggregator", () => {
    const day = { kind: "reward" as const, start: after(0), end: after(86_400) };
    expect(dueOf(day, noEvidence, agreement, null)).toEqual({ wh: 0, payer: aggregator.owner, amount: 350_000n });
    for (const end of [after(86_399), after(2 * 86_400), after(3600)])
      expect(() => dueOf({ ...day, end }, noEvidence, agreement, null)).toThrow(code("settlement-wrong-period"));
    expect(() => dueOf(day, exampleEvidence("import", [1]), agreement, series)).toThrow(code("settlement-wrong-evidence"));
  });

  it("knows service days of 23 and 25 hours", () => {
    const spring = { kind: "reward" as const, start: "2026-03-28T23:00:00Z", end: "2026-03-29T22:00:00Z" };
    const autumn = { kind: "reward" as const, start: "2026-10-24T22:00:00Z", end: "2026-10-25T23:00:00Z" };
    for (const day of [spring, autumn]) expect(dueOf(day, noEvidence, agreement, null)?.amount).toBe(350_000n);
    expect(() => dueOf({ ...spring, end: "2026-03-29T23:00:00Z" }, noEvidence, agreement, null)).toThrow(
      code("settlement-wrong-period"),
    );
  });

  it("is unknown for kinds that the agreement has no rule for", () => {
    for (const kind of ["trade", "fee", "correction"] as const)
      expect(dueOf({ ...hour, kind }, noEvidence, agreement, null)).toBeUndefined();
  });

  it("refuses what does not fit: register, slots outside the period, long periods, currency, no prices", () => {
    const evidence = exampleEvidence("import", [1, 2, 3, 4]);
    expect(() => dueOf({ ...hour, kind: "export" }, evidence, agreement, series)).toThrow(code("settlement-wrong-evidence"));
    expect(() => dueOf({ ...hour, end: after(2700) }, evidence, agreement, series)).toThrow(code("settlement-wrong-evidence"));
    expect(() => dueOf({ ...hour, end: after(3601) }, evidence, agreement, series)).toThrow(code("settlement-wrong-period"));
    expect(() => dueOf(hour, evidence, agreement, { ...series, currency: "DKK" })).toThrow(code("settlement-wrong-currency"));
    expect(() => dueOf(hour, evidence, agreement, null)).toThrow(code("settlement-no-price"));
  });
});
