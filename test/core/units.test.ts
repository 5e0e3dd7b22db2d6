import fc from "fast-check";
import { expect, it } from "vitest";
import { errorCode } from "../../core/app-error.ts";
import { divideHalfEven, formatMicro, moneyMicro, parseMicro } from "../../core/units.ts";

/** Half-even by looking at both neighbours: the nearer wins, of two equally near the even one. */
function nearest(dividend: bigint, divisor: bigint): bigint {
  const away = (quotient: bigint): bigint => {
    const rest = dividend - quotient * divisor;
    return rest < 0n ? -rest : rest;
  };
  const truncated = dividend / divisor;
  const candidates = [truncated - 1n, truncated, truncated + 1n];
  const least = candidates.reduce((best, one) => (away(one) < away(best) ? one : best));
  const tied = candidates.filter((one) => away(one) === away(least));
  return tied.length === 1 ? least : tied.find((one) => one % 2n === 0n)!;
}

it.each<[bigint, bigint, bigint]>([
  [5n, 10n, 0n],
  [15n, 10n, 2n],
  [25n, 10n, 2n],
  [-5n, 10n, 0n],
  [-15n, 10n, -2n],
  [-25n, 10n, -2n],
  [26n, 10n, 3n],
  [-26n, 10n, -3n],
])("divides %s by %s half to even: %s", (dividend, divisor, expected) =>
  expect(divideHalfEven(dividend, divisor)).toBe(expected),
);

it("agrees with the nearest neighbour for every dividend and divisor", () => {
  const small = fc.bigInt({ min: -1000n, max: 1000n });
  const large = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
  const divisor = fc.oneof(fc.bigInt({ min: 1n, max: 20n }), fc.bigInt({ min: 1n, max: 10n ** 20n }));
  fc.assert(
    fc.property(fc.oneof(small, large), divisor, (dividend, by) => divideHalfEven(dividend, by) === nearest(dividend, by)),
  );
});

it.each([0n, -1n])("refuses the divisor %s", (divisor) => {
  expect(() => divideHalfEven(1n, divisor)).toThrow(expect.objectContaining({ code: "units-bad-divisor" }));
});

it("rounds the sum of energy times price once, not each part", () => {
  const part = { wh: 1, microPerKwh: 400n };
  expect(moneyMicro([part])).toBe(0n);
  expect(moneyMicro([part, part])).toBe(1n);
  expect(moneyMicro([{ wh: 1203, microPerKwh: 251_377n }])).toBe(302_407n);
  expect(moneyMicro([{ wh: 1000, microPerKwh: -31_000n }])).toBe(-31_000n);
  expect(moneyMicro([])).toBe(0n);
});

it.each<[string, bigint]>([
  ["0.1527", 152_700n],
  ["-0.000001", -1n],
  ["12", 12_000_000n],
  ["999999999999999.999999", 999_999_999_999_999_999_999n],
])("parses %s", (text, micro) => expect(parseMicro(text)).toBe(micro));

it.each(["", "1.", ".5", "0.1234567", "1e3", "+1", " 1", "1,5", "0x10", "--1", "1\n"])("refuses %j as an amount", (text) => {
  expect(() => parseMicro(text)).toThrow(expect.objectContaining({ code: "units-bad-decimal" }));
  try {
    parseMicro(text);
  } catch (error) {
    expect(errorCode(error)).toBe("units-bad-decimal");
  }
});

it("writes what it parses and parses what it writes", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), (micro) => {
      const text = formatMicro(micro);
      expect(text).toMatch(/^-?\d+\.\d{6}$/);
      expect(parseMicro(text)).toBe(micro);
    }),
  );
});
