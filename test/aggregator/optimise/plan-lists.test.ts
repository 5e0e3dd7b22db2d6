import fc from "fast-check";
import { expect, it } from "vitest";
import { saysNothingNew } from "../../../aggregator/optimise/plan-lists.ts";
import type { InstructionList } from "../../../core/message/instruction.ts";
import { midnightMs, quarterMs } from "../rows.ts";

const id = "00000000-0000-4000-8000-000000000001";
const iso = (ms: number): string => new Date(ms).toISOString();

/** A list with one instruction a quarter of an hour. */
const listOf = (modes: readonly string[], fromQuarter = 0): InstructionList => ({
  plan: id,
  resource: "boiler",
  instructions: modes.map((operationModeId, at) => ({
    id,
    executionTime: iso(midnightMs + (fromQuarter + at) * quarterMs),
    validUntil: iso(midnightMs + (fromQuarter + at + 1) * quarterMs),
    operationModeId,
    reason: `reason ${at}`,
  })),
});

it("is nothing new where all that is to come is the same, however it is cut, whatever the past and the reasons", () => {
  const anyModes = fc.array(fc.constantFrom("on", "off"), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(anyModes, fc.nat(19), (modes, at) => {
      const gone = Math.min(at, modes.length - 1);
      const nowMs = midnightMs + gone * quarterMs;
      expect(saysNothingNew(listOf(modes.slice(gone), gone), listOf(modes), nowMs)).toBe(true);
      const turned = modes.map((mode, index) => (index === modes.length - 1 ? (mode === "on" ? "off" : "on") : mode));
      expect(saysNothingNew(listOf(turned), listOf(modes), nowMs)).toBe(false);
      expect(saysNothingNew(listOf([...modes, "on"]), listOf(modes), nowMs)).toBe(false);
    }),
  );
});

it("is new to a home that has nothing, or a gap", () => {
  expect(saysNothingNew(listOf(["on"]), undefined, midnightMs)).toBe(false);
  const gap = { ...listOf([]), instructions: [...listOf(["on"]).instructions, ...listOf(["on"], 2).instructions] };
  expect(saysNothingNew(listOf(["on", "on", "on"]), gap, midnightMs)).toBe(false);
});
