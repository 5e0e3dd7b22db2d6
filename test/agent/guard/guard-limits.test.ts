import { describe, expect, it } from "vitest";
import { guard } from "../../../agent/guard/guard.ts";
import { switchedAppliance, type GuardedAppliance, type GuardState } from "../../../agent/guard/guarded-appliance.ts";
import type { GuardInput } from "../../../agent/guard/guard-input.ts";
import type { Authority } from "../../../agent/plan/intent.ts";
import { houseAt, remembering, standsSince, wishFor } from "../../fake/guarded.ts";

const nowMs = 10_000_000;
const rests = { minOnMs: 0, minOffMs: 0, maxOffMs: null, safeOn: false };
const boiler = switchedAppliance({ resource: "boiler", ratedPowerW: 2000, ...rests });
const pump = switchedAppliance({ resource: "pump", ratedPowerW: 2500, ...rests, safeOn: true });
/** 6 to 16 A on one phase, in steps of 1 A. */
const car: GuardedAppliance = {
  ...switchedAppliance({ resource: "car", ratedPowerW: 3680, ...rests, phases: [2] }),
  modes: [
    { id: "off", minW: 0, maxW: 0 },
    { id: "on", minW: 1380, maxW: 3680 },
  ],
  stepW: 230,
};

interface Pass extends Partial<GuardInput> {
  atS?: number;
}
/** Passes one after the other; gives what each appliance is set to after each, in W, and the last reasons. */
function play(appliances: readonly GuardedAppliance[], on: readonly boolean[], ...passes: readonly Pass[]) {
  let state: GuardState = remembering(
    appliances.map((one, index) => [one.resource, standsSince(one, on[index] ?? false, nowMs)]),
  );
  let reasons: string[] = [];
  const powers = passes.map(({ atS = 0, ...change }) => {
    const decided = guard(appliances, state, houseAt(nowMs + atS * 1000, change));
    state = decided.state;
    reasons = decided.commands.map(({ reason }) => reason);
    return decided.commands.map(({ setting }) => setting.powerW);
  });
  return { powers, reasons };
}
const want = (appliance: GuardedAppliance, on: boolean, authority: Authority = "instruction") =>
  wishFor(appliance, on, { authority });

describe("an appliance that can give way a little", () => {
  const all = [want(car, true)];

  it("takes as much as there is room for, in whole steps", () => {
    expect(play([car], [false], { importW: 4000, intents: all }).powers).toEqual([[1840]]);
    expect(play([car], [false], { importW: 4700, intents: all })).toMatchObject({
      powers: [[0]],
      reasons: ["no room under the house import limit"],
    });
  });

  it("is cut by what is too much, and switched off where that is not enough", () => {
    expect(play([car], [true], { importW: 6400, intents: all })).toMatchObject({
      powers: [[3220]],
      reasons: ["above the house import limit"],
    });
    expect(play([car], [true], { importW: 8301, intents: all }).powers).toEqual([[0]]);
  });

  it("gives way before anything is switched off", () => {
    const intents = [want(boiler, true), want(car, true)];
    expect(play([boiler, car], [true, true], { importW: 6900, intents }).powers).toEqual([[2000, 2760]]);
  });
});

describe("order of authority", () => {
  it("sheds what the local plan wants before what the resident wants", () => {
    const intents = [want(boiler, true, "override"), want(pump, true, "local")];
    expect(play([boiler, pump], [true, true], { importW: 6100, intents }).powers).toEqual([[2000, 0]]);
  });

  it("gives room to the resident before the aggregator", () => {
    const intents = [want(boiler, true), want(pump, true, "override")];
    expect(play([boiler, pump], [false, false], { importW: 3000, intents }).powers).toEqual([[0, 2500]]);
  });

  it("keeps pipes from freezing above the grid operator's limit, and not above the fuse", () => {
    const frost = { intents: [want(boiler, true, "safety")], gridLimitW: 500 };
    expect(play([boiler], [false], { ...frost, phaseW: [1000], fusePhaseW: 3680 }).powers).toEqual([[2000]]);
    expect(play([boiler], [false], { ...frost, phaseW: [1700], fusePhaseW: 3680 })).toMatchObject({
      powers: [[0]],
      reasons: ["no room under the fuse of phase 1"],
    });
  });
});

describe("fuse of each phase", () => {
  const phases = { fusePhaseW: 5750, maxImportW: 17_250 };

  it("looks at the phases that an appliance loads, and at all where nobody wrote them down", () => {
    const phaseW = [4000, 100, 100];
    expect(play([car], [false], { ...phases, phaseW, importW: 4200, intents: [want(car, true)] }).powers).toEqual([[3680]]);
    expect(play([boiler], [false], { ...phases, phaseW, importW: 4200, intents: [want(boiler, true)] })).toMatchObject({
      powers: [[0]],
      reasons: ["no room under the fuse of phase 1"],
    });
  });

  it("spreads an appliance over its phases", () => {
    const oven = switchedAppliance({ resource: "oven", ratedPowerW: 6000, ...rests, phases: [1, 2, 3] });
    const at = (phaseW: number[]) => play([oven], [false], { ...phases, phaseW, importW: 9000, intents: [want(oven, true)] });
    expect(at([3750, 3000, 3000]).powers).toEqual([[6000]]);
    expect(at([3751, 3000, 3000]).powers).toEqual([[0]]);
  });

  it("sheds what loads a phase that is above the fuse, and nothing else", () => {
    const heater = switchedAppliance({ resource: "heater", ratedPowerW: 1000, ...rests, phases: [3] });
    const intents = [want(car, true), want(heater, true)];
    const phaseW = [0, 3000, 6000];
    expect(play([car, heater], [true, true], { ...phases, phaseW, importW: 9000, intents }).powers).toEqual([[3680, 0]]);
  });
});

describe("grid operator's limit and quarter-hour peak", () => {
  it("binds below the house's own limit", () => {
    expect(play([boiler], [true], { importW: 3000, gridLimitW: 2900, intents: [want(boiler, true)] })).toMatchObject({
      powers: [[0]],
      reasons: ["above the grid operator's limit"],
    });
    expect(play([boiler], [true], { importW: 3000, peakW: 2900, intents: [want(boiler, true)] }).reasons).toEqual([
      "above the quarter-hour peak",
    ]);
  });

  it("meets at once what rose since the reading, which cannot show it yet", () => {
    const intents = [want(boiler, true)];
    const risen = { meterAgeMs: 0, importW: 500, intents };
    const limited = { ...risen, atS: 5, meterAgeMs: 5000, gridLimitW: 1000 };
    expect(play([boiler], [false], risen, limited).powers).toEqual([[2000], [0]]);
    // What rose before it may be in its figure already.
    const read = { ...limited, meterAgeMs: 4000 };
    expect(play([boiler], [false], risen, { ...read, importW: 900 }).powers).toEqual([[2000], [2000]]);
    expect(play([boiler], [false], risen, { ...read, importW: 2500 }).powers).toEqual([[2000], [0]]);
  });

  it("holds by rated powers while nobody knows what the house draws, also what is safe", () => {
    const both = [want(boiler, true), want(pump, true)];
    const given = { importW: null, meterAgeMs: 61_000, intents: both };
    expect(play([boiler, pump], [true, true], { ...given, gridLimitW: 2500 }).powers).toEqual([[0, 2500]]);
    expect(play([boiler, pump], [true, true], { ...given, gridLimitW: 2400 }).powers).toEqual([[0, 0]]);
    expect(play([pump], [false], { ...given, gridLimitW: 2400 })).toMatchObject({
      powers: [[0]],
      reasons: ["no room under the grid operator's limit"],
    });
  });

  it("returns after a limit was lifted only when the gateway's own delay is over", () => {
    const intents = [want(boiler, true)];
    const delayed = { intents, increaseDelayMs: 300_000, importW: 500 };
    const lifted = play(
      [boiler],
      [false],
      { ...delayed, gridLimitW: 1000 },
      { ...delayed, atS: 400, gridLimitW: 1000 },
      { ...delayed, atS: 500 },
      { ...delayed, atS: 799 },
      { ...delayed, atS: 800 },
    );
    expect(lifted.powers.flat()).toEqual([0, 0, 0, 0, 2000]);
  });
});

describe("random delay", () => {
  const passes = (authority: Authority, ...atS: number[]) =>
    atS.map((at) => ({ atS: at, increaseDelayMs: 120_000, intents: [want(boiler, true, authority)] }));

  it("holds an increase from when it is first wanted, though the next slot draws another", () => {
    const later = { increaseDelayMs: 600_000, intents: [want(boiler, true)] };
    const played = play([boiler], [false], ...passes("instruction", 0), { ...later, atS: 119 }, { ...later, atS: 120 });
    expect(played.powers.flat()).toEqual([0, 0, 2000]);
  });

  it("is drawn again when the wish was taken back", () => {
    const off = { atS: 60, increaseDelayMs: 120_000, intents: [want(boiler, false)] };
    const played = play([boiler], [false], ...passes("instruction", 0), off, ...passes("instruction", 70, 180, 190));
    expect(played.powers.flat()).toEqual([0, 0, 0, 0, 2000]);
    expect(play([boiler], [false], ...passes("instruction", 0)).reasons).toEqual(["random delay of an increase runs"]);
  });

  it.each<Authority>(["override", "comfort", "safety"])("holds nothing back that %s wants", (authority) => {
    expect(play([boiler], [false], ...passes(authority, 0)).powers).toEqual([[2000]]);
  });

  it("never holds back a reduction", () => {
    const off = { increaseDelayMs: 600_000, intents: [want(boiler, false)] };
    expect(play([boiler], [true], off).powers).toEqual([[0]]);
  });

  it("ends a block so much before its longest time, and at most half of it", () => {
    const blocked = { ...pump, maxOffMs: 600_000 };
    const at = (atS: number, increaseDelayMs: number) => ({ atS, increaseDelayMs, intents: [want(blocked, false)] });
    const drawn = (delayMs: number) => play([blocked], [true], at(0, delayMs), at(250, 0), at(310, 0), at(450, 0), at(600, 0));
    expect(drawn(0).powers.flat()).toEqual([0, 0, 0, 0, 2500]);
    expect(drawn(150_000).powers.flat()).toEqual([0, 0, 0, 2500, 0]);
    expect(drawn(600_000).powers.flat()).toEqual([0, 0, 2500, 0, 0]);
  });
});

describe("ramp", () => {
  const intents = [want(boiler, true), want(car, true)];
  const at = (atS: number) => ({ atS, importW: 0, maxImportW: 9000, rampWPerMin: 2000, intents });

  it("lets one rise after the other", () => {
    expect(play([boiler, car], [false, false], at(0), at(59), at(60)).powers).toEqual([
      [2000, 0],
      [2000, 0],
      [2000, 3680],
    ]);
  });

  it("counts what the resident wants too: the others wait for all of it", () => {
    const heater = switchedAppliance({ resource: "heater", ratedPowerW: 500, ...rests });
    const boosted = (atS: number) => ({ ...at(atS), intents: [...intents, want(heater, true, "override")] });
    expect(play([boiler, car, heater], [false, false, false], at(0), boosted(10), boosted(74), boosted(75)).powers).toEqual([
      [2000, 0, 0],
      [2000, 0, 500],
      [2000, 0, 500],
      [2000, 3680, 500],
    ]);
  });

  it("does not keep the resident waiting", () => {
    const boosted = { ...at(0), intents: [want(boiler, true), want(car, true, "override")] };
    expect(play([boiler, car], [false, false], boosted).powers).toEqual([[0, 3680]]);
  });
});

it("bounds the resident's pause too where the device says so", () => {
  const locked = { ...pump, maxOffMs: 600_000, maxOffAlways: true };
  const pause = (atS: number) => ({ atS, intents: [want(locked, false, "override")] });
  expect(play([locked], [true], pause(0), pause(599), pause(600)).powers.flat()).toEqual([0, 0, 2500]);
  const free = { ...locked, maxOffAlways: false };
  expect(play([free], [true], pause(0), pause(600)).powers.flat()).toEqual([0, 0]);
});
