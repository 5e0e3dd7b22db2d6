import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { keccak256, toUtf8Bytes } from "ethers";
import { describe, expect, it } from "vitest";
import { canonicalHash, canonicalJson } from "../../../settlement/record/canonical-hash.ts";

const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "grapheme" }),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 5 }),
  ),
})).value;

/** The same data with the members of every object in the opposite order. */
const turned = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(turned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, turned(item)]),
  );
};

describe("canonical JSON", () => {
  it("means the same as it was given", () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("does not depend on the order of members", () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(canonicalJson(turned(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it("differs where data differ", () => {
    fc.assert(
      fc.property(plain, plain, (one, other) => {
        const same = isDeepStrictEqual(JSON.parse(JSON.stringify(one)), JSON.parse(JSON.stringify(other)));
        expect(canonicalHash(one) === canonicalHash(other)).toBe(same);
      }),
    );
  });

  it("sorts by UTF-16 code units, as in the example of RFC 8785 section 3.2.3", () => {
    const keys = ["\u20ac", "\r", "\ufb33", "1", "\u{1f600}", "\u0080", "\u00f6"];
    const sorted = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\u{1f600}", "\ufb33"];
    expect(canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])))).toBe(
      `{${sorted.map((key) => `${JSON.stringify(key)}:0`).join(",")}}`,
    );
  });

  it("is hashed with keccak256 over UTF-8", () => {
    expect(canonicalJson({ b: [1, "é"], a: null })).toBe('{"a":null,"b":[1,"é"]}');
    expect(canonicalHash({ b: [1, "é"], a: null })).toBe(keccak256(toUtf8Bytes('{"a":null,"b":[1,"é"]}')));
  });

  it.each<[string, unknown, string]>([
    ["a fraction", { slots: [{ wh: 1.5 }] }, "$.slots[0].wh"],
    ["an integer beyond 2^53", { wh: 2 ** 53 }, "$.wh"],
    ["NaN", [Number.NaN], "$[0]"],
    ["undefined", { a: undefined }, "$.a"],
    ["a hole in an array", Array.from({ length: 1 }), "$[0]"],
    ["a bigint", { a: 1n }, "$.a"],
    ["a date", { at: new Date(0) }, "$.at"],
    ["a map", new Map(), "$"],
    ["half a surrogate pair", { a: "\ud83d" }, "$.a"],
    ["half a surrogate pair as a key", { "\udc00": 1 }, "$"],
    ["a symbol as key", { [Symbol("s")]: 1 }, "$"],
    ["a function", { f: () => 1 }, "$.f"],
  ])("refuses %s and says where", (_, value, place) => {
    expect(() => canonicalJson(value)).toThrow(
      expect.objectContaining({ code: "canonical-bad-value", message: expect.stringContaining(`${place} `) }),
    );
  });

  it("refuses endless nesting instead of running out of stack", () => {
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    expect(() => canonicalJson(loop)).toThrow(expect.objectContaining({ code: "canonical-bad-value" }));
  });
});
