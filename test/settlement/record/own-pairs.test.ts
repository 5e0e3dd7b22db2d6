import { expect, it } from "vitest";
import { demandOwnPairs } from "../../../settlement/record/own-pairs.ts";

it("lets each pair of parties have one contract, and names the two that are of the same", () => {
  const [x, y, z] = ["1", "2", "3"].map((digit) => `0x${digit.repeat(40)}`) as [string, string, string];
  expect(() =>
    demandOwnPairs([
      ["elm", { a: x, b: y }],
      ["oak", { a: x, b: z }],
      ["fir", { a: y, b: z }],
    ]),
  ).not.toThrow();
  expect(() =>
    demandOwnPairs([
      ["elm", { a: x, b: y }],
      ["oak", { a: x, b: z }],
      ["fir", { a: x, b: y }],
    ]),
  ).toThrow(
    expect.objectContaining({ code: "agreement-twice", message: expect.stringMatching(/^the agreements of elm and fir are of/) }),
  );
});
