import fc from "fast-check";
import { expect, it } from "vitest";
import { iso } from "../../../core/clock/clock.ts";
import type { InstructionList } from "../../../core/message/instruction.ts";
import { intents } from "../../../agent/plan/intent.ts";
import type { Override } from "../../../agent/plan/override.ts";
import { scheduleOf } from "../../../agent/plan/schedule.ts";
import { switchedAppliance } from "../../../agent/guard/guarded-appliance.ts";

const startMs = Date.parse("2026-04-02T10:00:00Z");
const hourMs = 3_600_000;
const boiler = switchedAppliance({
  resource: "boiler",
  ratedPowerW: 2000,
  minOnMs: 0,
  minOffMs: 0,
  safeOn: false,
  maxOffMs: null,
});
const listOf = (...spans: [fromH: number, untilH: number, on: boolean, reason?: string][]): Map<string, InstructionList> => {
  const instructions = spans.map(([fromH, untilH, on, reason = "cheap"]) => ({
    id: "i",
    executionTime: iso(startMs + fromH * hourMs),
    validUntil: iso(startMs + untilH * hourMs),
    operationModeId: on ? "on" : "off",
    reason,
  }));
  return new Map([["boiler", { plan: "p", resource: "boiler", instructions }]]);
};
const nothing = { instructions: new Map(), local: new Map(), overrides: [] };
const day = (known: Partial<Parameters<typeof scheduleOf>[1]>): [number, number, string, string, string][] =>
  scheduleOf(boiler, { ...nothing, ...known }, startMs, startMs + 24 * hourMs).map((span) => [
    (span.fromMs - startMs) / hourMs,
    (span.untilMs - startMs) / hourMs,
    span.setting.mode,
    span.authority,
    span.reason,
  ]);

it("is one span of the safe state where nobody says anything", () => {
  expect(day({})).toEqual([[0, 24, "off", "safe-state", "no instruction in force"]]);
});

it("follows instructions, with the resident's word above them, and joins what is the same", () => {
  const overrides: Override[] = [
    { resource: "boiler", mode: "boost", fromMs: startMs - hourMs, untilMs: startMs + 2 * hourMs },
    { resource: "pump", mode: "pause", fromMs: startMs, untilMs: startMs + 9 * hourMs },
  ];
  const instructions = listOf([-5, 1, false], [1, 3, false], [3, 4, true], [4, 5, true], [5, 6, true, "sun"], [30, 31, true]);
  expect(day({ instructions, overrides })).toEqual([
    [0, 2, "on", "override", `boost until ${iso(startMs + 2 * hourMs)}`],
    [2, 3, "off", "instruction", "cheap"],
    [3, 5, "on", "instruction", "cheap"],
    [5, 6, "on", "instruction", "sun"],
    [6, 24, "off", "safe-state", "no instruction in force"],
  ]);
});

it("falls back on the house's own plan", () => {
  expect(day({ local: listOf([0, 24, true]), instructions: listOf([2, 3, false]) }).map((span) => span.slice(0, 4))).toEqual([
    [0, 2, "on", "local"],
    [2, 3, "off", "instruction"],
    [3, 24, "on", "local"],
  ]);
});

it("says at any instant what the plan wants then, without gaps", () => {
  const hours = fc.integer({ min: -10, max: 30 });
  const span = fc.tuple(hours, fc.integer({ min: 1, max: 12 }), fc.boolean());
  const spans = fc
    .array(span, { maxLength: 8 })
    .map((all) => listOf(...all.map(([at, h, on]): [number, number, boolean] => [at, at + h, on])));
  const override = fc.record({
    at: hours,
    h: fc.integer({ min: 1, max: 9 }),
    mode: fc.constantFrom("boost" as const, "pause" as const),
  });
  fc.assert(
    fc.property(
      spans,
      spans,
      fc.array(override, { maxLength: 3 }),
      fc.integer({ min: 0, max: 24 * 60 - 1 }),
      (instructions, local, said, minute) => {
        const overrides = said.map(({ at, h, mode }): Override => ({
          resource: "boiler",
          mode,
          fromMs: startMs + at * hourMs,
          untilMs: startMs + (at + h) * hourMs,
        }));
        const known = { instructions, local, overrides };
        const nowMs = startMs + minute * 60_000;
        const found = scheduleOf(boiler, known, startMs, startMs + 24 * hourMs);
        expect([found[0]?.fromMs, found.at(-1)?.untilMs]).toEqual([startMs, startMs + 24 * hourMs]);
        for (const [index, one] of found.entries()) expect(found[index + 1]?.fromMs ?? one.untilMs).toBe(one.untilMs);
        const held = found.find((one) => one.fromMs <= nowMs && nowMs < one.untilMs);
        const [wanted] = intents([boiler], { ...known, nowMs, needs: new Map() });
        expect(held).toMatchObject({ setting: wanted?.setting, authority: wanted?.authority, reason: wanted?.reason });
      },
    ),
  );
});
