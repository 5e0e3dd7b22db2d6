import fc from "fast-check";
import { expect, it } from "vitest";
import { families } from "../../../../drivers/meter/modbus/families.ts";
import { familyNames } from "../../../../drivers/meter/modbus/family-names.ts";
import { planReads, splitBlock } from "../../../../drivers/meter/modbus/read-plan.ts";
import type { Register, RegisterMap } from "../../../../drivers/meter/modbus/register-map.ts";

const register = (address: number, words: 1 | 2 | 4 = 2): Register => ({
  measurement: "power",
  address,
  words,
  type: words === 1 ? "u16" : words === 2 ? "u32" : "u64",
  order: "ABCD",
  mul: 1,
  unit: "W",
});
const shape = (blocks: ReturnType<typeof planReads>): number[][] => blocks.map(({ address, count }) => [address, count]);

it("runs over small gaps, not over large ones", () => {
  const registers = [register(100), register(0), register(8, 1)];
  expect(shape(planReads(registers, { maxGap: 6 }))).toEqual([
    [0, 9],
    [100, 2],
  ]);
  expect(shape(planReads(registers, { maxGap: 5 }))).toEqual([
    [0, 2],
    [8, 1],
    [100, 2],
  ]);
});

it("asks for no more words at once than allowed", () => {
  const registers = Array.from({ length: 10 }, (_, at) => register(at * 2));
  expect(shape(planReads(registers, { maxWords: 8 }))).toEqual([
    [0, 8],
    [8, 8],
    [16, 4],
  ]);
});

it.each(familyNames)("%s: each register is in exactly one block that fits into an answer", (name) => {
  const map: RegisterMap = families[name];
  const blocks = planReads(map.registers, map);
  expect(blocks.flatMap(({ registers }) => registers).toSorted((a, b) => a.address - b.address)).toEqual(
    map.registers.toSorted((a, b) => a.address - b.address),
  );
  for (const { count } of blocks) expect(count).toBeLessThanOrEqual(map.maxWords ?? 125);
});

it("cuts a refused block at its longest gap, else in the middle, down to single registers", () => {
  const [block] = planReads([register(0), register(2), register(10), register(12)]);
  expect(block && shape(splitBlock(block))).toEqual([
    [0, 4],
    [10, 4],
  ]);
  const [even] = planReads([register(0), register(2), register(4)]);
  expect(even && shape(splitBlock(even))).toEqual([
    [0, 4],
    [4, 2],
  ]);
  const [one] = planReads([register(7, 4)]);
  expect(one && splitBlock(one)).toEqual([]);
});

it("loses nothing by cutting", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 30 }), (places) => {
      const registers = places.map((place) => register(place * 4, 4));
      const waiting = planReads(registers, { maxGap: 40 });
      const single: number[] = [];
      for (let block = waiting.shift(); block; block = waiting.shift()) {
        const parts = splitBlock(block);
        if (parts.length === 0) single.push(block.address);
        waiting.push(...parts);
      }
      expect(single.toSorted((a, b) => a - b)).toEqual(registers.map(({ address }) => address).toSorted((a, b) => a - b));
    }),
  );
});
