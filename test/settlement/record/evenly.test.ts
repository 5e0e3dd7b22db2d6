import fc from "fast-check";
import { expect, it } from "vitest";
import { evenly } from "../../../settlement/record/evenly.ts";

it("spreads what a block and its recovery drew over both, by their lengths", () => {
  const slots = [0, 0, 900, 300].map((wh, at) => ({ startMs: at * 10, endMs: (at + 1) * 10, wh }));
  expect(evenly(slots)).toEqual([300, 300, 300, 300]);
  expect(
    evenly([
      { startMs: 0, endMs: 30, wh: 0 },
      { startMs: 30, endMs: 40, wh: 400 },
    ]),
  ).toEqual([300, 100]);
  expect(evenly([])).toEqual([]);
});

it("invents and loses no energy, and no slot is 1 Wh away from its share", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9000), { minLength: 1, maxLength: 60 }), (whs) => {
      const sum = whs.reduce((all, wh) => all + wh, 0);
      const spread = evenly(whs.map((wh, at) => ({ startMs: at, endMs: at + 1, wh })));
      expect(spread.reduce((all, wh) => all + wh, 0)).toBe(sum);
      for (const wh of spread) expect(Math.abs(wh - sum / whs.length)).toBeLessThanOrEqual(1);
    }),
  );
});
