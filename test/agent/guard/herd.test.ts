import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { guard } from "../../../agent/guard/guard.ts";
import {
  draws,
  guardAtStart,
  switchedAppliance,
  type GuardedAppliance,
  type GuardState,
} from "../../../agent/guard/guarded-appliance.ts";
import { increaseDelayMs } from "../../../agent/guard/increase-delay.ts";
import type { InstructionList } from "../../../core/message/instruction.ts";
import { iso } from "../../../core/clock/clock.ts";
import { intents } from "../../../agent/plan/intent.ts";
import { slotAt } from "../../../core/slots.ts";
import { houseAt } from "../../fake/guarded.ts";

const homes = 10_000;
const passMs = 10_000;
const minuteMs = 60_000;
/** As the configuration has it where nobody writes anything else. */
const longestDelayMs = 600_000;
/** At the beginning of a slot. */
const startMs = Date.parse("2026-01-15T17:00:00Z");
const rests = { minOnMs: 5 * minuteMs, minOffMs: 5 * minuteMs };
const boiler = switchedAppliance({ resource: "load", ratedPowerW: 2000, safeOn: false, maxOffMs: null, ...rests });
const pump = (maxOffMs: number | null) =>
  switchedAppliance({ resource: "load", ratedPowerW: 2500, safeOn: true, maxOffMs, ...rests });

interface Story {
  appliance: GuardedAppliance;
  /** The same instruction for all, minutes after the start. */
  instruction?: { on: boolean; fromMin: number; untilMin: number };
  /** The grid operator's limit for all, W. */
  limitW?: (minutes: number) => number | null;
  /** When passes are made, minutes after the start; in between nothing happens. */
  passes: [fromMin: number, untilMin: number][];
}

/** Each home has its own seed, and draws once for each slot. */
const delaysMs = Array.from({ length: homes }, (_, home): ((nowMs: number) => number) => {
  const seed = createHash("sha256").update(`home ${home}`).digest();
  const drawn = new Map<number, number>();
  return (nowMs) => {
    const slotMs = slotAt(nowMs, 15).startMs;
    const delayMs = drawn.get(slotMs) ?? increaseDelayMs(seed, nowMs, longestDelayMs);
    drawn.set(slotMs, delayMs);
    return delayMs;
  };
});

/** Every home by itself, pass by pass, until it switches on. @returns how many do at each pass */
function risings({ appliance, instruction, limitW, passes: spans }: Story): number[] {
  const lists = new Map<string, InstructionList>();
  if (instruction)
    lists.set("load", {
      plan: "all",
      resource: "load",
      instructions: [
        {
          id: "all",
          executionTime: iso(startMs + instruction.fromMin * minuteMs),
          validUntil: iso(startMs + instruction.untilMin * minuteMs),
          operationModeId: instruction.on ? "on" : "off",
          reason: "for all at one time",
        },
      ],
    });
  const passes = spans.flatMap(([fromMin, untilMin]) =>
    Array.from({ length: ((untilMin - fromMin) * minuteMs) / passMs }, (_, index) => {
      const nowMs = startMs + fromMin * minuteMs + index * passMs;
      const plan = { nowMs, instructions: lists, local: new Map(), overrides: [], needs: new Map() };
      return { nowMs, wants: intents([appliance], plan), gridLimitW: limitW?.((nowMs - startMs) / minuteMs) ?? null };
    }),
  );
  const on = passes.map(() => 0);
  for (const delayMs of delaysMs) {
    let state: GuardState = guardAtStart;
    for (const [index, { nowMs, wants, gridLimitW }] of passes.entries()) {
      const before = state.appliances.get("load")?.setting ?? appliance.safe;
      const importW = 300 + before.powerW;
      const input = { meterAgeMs: 0, importW, gridLimitW, increaseDelayMs: delayMs(nowMs), intents: wants };
      const decided = guard([appliance], state, houseAt(nowMs, input));
      state = decided.state;
      const after = decided.commands[0]?.setting ?? before;
      if (!draws(after) || draws(before)) continue;
      on[index] = (on[index] ?? 0) + 1;
      break;
    }
  }
  return on;
}

/** Largest share of all that switches on within any minute, and the share that switches on at all. */
function shares(on: readonly number[]): { minute: number; all: number } {
  const sum = (counts: readonly number[]): number => counts.reduce((one, other) => one + other, 0);
  const minutes = on.map((_, index) => sum(on.slice(index, index + minuteMs / passMs)));
  return { minute: Math.max(...minutes) / homes, all: sum(on) / homes };
}

describe(`of ${homes} homes with one instruction for all at one time, at most 12 % switch on in any minute`, () => {
  it.each<[string, Story]>([
    ["when it switches on", { appliance: boiler, instruction: { on: true, fromMin: 0, untilMin: 120 }, passes: [[-1, 12]] }],
    [
      "when it switches on shortly before a slot ends",
      { appliance: boiler, instruction: { on: true, fromMin: 14, untilMin: 120 }, passes: [[13, 26]] },
    ],
    [
      "when one that held them off ends",
      {
        appliance: pump(null),
        instruction: { on: false, fromMin: 0, untilMin: 30 },
        passes: [
          [-1, 2],
          [29, 42],
        ],
      },
    ],
    [
      "when it holds them off for longer than they may be",
      {
        appliance: pump(90 * minuteMs),
        instruction: { on: false, fromMin: 0, untilMin: 240 },
        passes: [
          [-1, 2],
          [78, 92],
        ],
      },
    ],
    [
      "and the longest time off is short",
      {
        appliance: pump(20 * minuteMs),
        instruction: { on: false, fromMin: 0, untilMin: 240 },
        passes: [
          [-1, 2],
          [8, 22],
        ],
      },
    ],
    [
      "when the grid operator's limit is lifted",
      {
        appliance: boiler,
        instruction: { on: true, fromMin: 0, untilMin: 240 },
        limitW: (minutes) => (minutes >= 20 && minutes < 50 ? 1000 : null),
        passes: [[45, 62]],
      },
    ],
    [
      "when it is lifted for what runs by itself",
      {
        appliance: pump(null),
        limitW: (minutes) => (minutes < 50 ? 1000 : null),
        passes: [
          [30, 32],
          [48, 62],
        ],
      },
    ],
  ])("%s", { timeout: 60_000 }, (_, story) => {
    const { minute, all } = shares(risings(story));
    expect(all).toBe(1);
    expect(minute).toBeLessThanOrEqual(0.12);
  });
});

it("a longest time off that leaves no ten minutes is spread over its half", { timeout: 60_000 }, () => {
  const story: Story = {
    appliance: pump(10 * minuteMs),
    instruction: { on: false, fromMin: 0, untilMin: 240 },
    passes: [[-1, 12]],
  };
  expect(shares(risings(story)).minute).toBeLessThan(0.25);
});
