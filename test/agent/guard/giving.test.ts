import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { guard } from "../../../agent/guard/guard.ts";
import type { GuardInput } from "../../../agent/guard/guard-input.ts";
import { standing, type GuardedAppliance } from "../../../agent/guard/guarded-appliance.ts";
import type { Authority } from "../../../agent/plan/intent.ts";
import type { Setting } from "../../../core/setting.ts";
import { houseAt, remembering } from "../../fake/guarded.ts";

const hourMs = 3_600_000;
const auto: Setting = { mode: "auto", powerW: 0 };
const battery: GuardedAppliance = {
  resource: "battery",
  modes: [
    { id: "discharge", minW: -8000, maxW: 0 },
    { id: "auto", minW: 0, maxW: 0 },
    { id: "charge", minW: 0, maxW: 8000 },
  ],
  safe: auto,
  least: auto,
  stepW: 100,
  phases: null,
  minOnMs: 0,
  minOffMs: 0,
  maxOffMs: null,
  maxOffAlways: false,
};
const gives = (powerW: number): Setting => ({ mode: "discharge", powerW: -powerW });

function decided(now: Setting, wish: Setting, change: Partial<GuardInput> = {}, authority: Authority = "instruction") {
  const intents = [{ resource: "battery", setting: wish, authority, reason: "dear" }];
  const state = remembering([["battery", { ...standing(now), sinceMs: 0 }]]);
  const { commands } = guard([battery], state, houseAt(hourMs, { maxImportW: 20_000, intents, ...change }));
  const { setting, reason } = commands[0] ?? expect.fail("no command");
  return { setting, reason };
}

const spent = new Map([["battery", "at its reserve of 20 %"]]);

describe("a battery at its reserve", () => {
  it.each<[string, Setting, Setting, Authority, Setting]>([
    ["gives nothing that an instruction asks for", auto, gives(3000), "instruction", gives(0)],
    ["nor what the own plan asks for", auto, gives(3000), "local", gives(0)],
    ["stops at once, whatever delay was drawn", gives(3000), gives(3000), "instruction", gives(0)],
    ["stops at once where its instruction has ended and the next increase waits", gives(3000), auto, "safe-state", gives(0)],
    ["still charges", auto, { mode: "charge", powerW: 2000 }, "instruction", { mode: "charge", powerW: 2000 }],
    ["gives what somebody has set by hand", auto, gives(1000), "override", gives(1000)],
  ])("%s", (_, now, wish, authority, expected) => {
    const delay = authority === "instruction" && wish.powerW > 0 ? 0 : 600_000;
    expect(decided(now, wish, { spent, increaseDelayMs: delay }, authority).setting).toEqual({
      ...expected,
      powerW: expected.powerW + 0 === 0 ? expect.closeTo(0) : expected.powerW,
    });
  });
});

describe("what is fed in", () => {
  it.each<[string, Setting, Setting, Partial<GuardInput>, number]>([
    ["is as much as there is room for", auto, gives(8000), { importW: 1000, maxExportW: 3000 }, -4000],
    ["is nothing where panels fill the limit", auto, gives(8000), { importW: -3000, maxExportW: 3000 }, 0],
    ["is less as soon as panels give more", gives(4000), gives(4000), { importW: -4500, maxExportW: 3000 }, -2500],
    ["keeps to the fuse of a phase", auto, gives(8000), { importW: 0, phaseW: [0, 0, 0], fusePhaseW: 5750 }, -5700],
    ["is not more where nobody sees the meter", auto, gives(2000), { importW: null, maxExportW: 3000 }, 0],
    ["is what is wished without a limit", auto, gives(8000), { importW: -9000 }, -8000],
  ])("%s", (_, now, wish, change, powerW) => {
    expect(decided(now, wish, change).setting.powerW).toBeCloseTo(powerW);
  });

  it("never passes the limit by a battery's doing, whatever is wished", () => {
    const any = fc.record({
      houseW: fc.integer({ min: -6000, max: 6000 }),
      now: fc.integer({ min: 0, max: 80 }),
      wish: fc.integer({ min: 0, max: 80 }),
      maxExportW: fc.integer({ min: 0, max: 6000 }),
    });
    fc.assert(
      fc.property(any, ({ houseW, now, wish, maxExportW }) => {
        const importW = houseW - now * 100;
        const { setting } = decided(gives(now * 100), gives(wish * 100), { importW, maxExportW });
        const fedW = -(houseW + setting.powerW);
        expect(fedW).toBeLessThanOrEqual(Math.max(maxExportW, -houseW) + 1e-9);
        expect(setting.powerW).toBeGreaterThanOrEqual(-Math.max(wish, now) * 100);
      }),
    );
  });
});
