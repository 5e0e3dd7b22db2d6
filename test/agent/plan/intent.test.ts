import { describe, expect, it } from "vitest";
import { switchedAppliance } from "../../../agent/guard/guarded-appliance.ts";
import { intents, settingOf as settingFor, type Intent, type PlanInput } from "../../../agent/plan/intent.ts";
import { instructionAt } from "../../../core/instruction-at.ts";
import type { Override } from "../../../agent/plan/override.ts";
import { settingOf } from "../../fake/guarded.ts";
import { acceptInstructions } from "../../../agent/plan/accept-instructions.ts";
import type { InstructionList } from "../../../core/message/instruction.ts";
import { errorCode } from "../../../core/app-error.ts";

const startMs = Date.parse("2026-04-02T10:00:00Z");
const at = (minutes: number): string => new Date(startMs + minutes * 60_000).toISOString();
const uuid = "6f1c2a4e-58a0-4f0e-9a4b-0f3c5c9be001";
const spanOf = (from: number, until: number, mode = "on", reason = mode) => ({
  id: uuid,
  executionTime: at(from),
  validUntil: at(until),
  operationModeId: mode,
  reason,
});
const list = (...instructions: InstructionList["instructions"]): InstructionList => ({
  plan: uuid,
  resource: "boiler",
  instructions,
});

it("holds nothing that the appliance no longer has after another configuration", () => {
  const boiler = switchedAppliance({
    resource: "boiler",
    ratedPowerW: 2000,
    minOnMs: 0,
    minOffMs: 0,
    maxOffMs: null,
    safeOn: false,
  });
  const settingHeld = (mode: string, powerW: number) => {
    const hold = {
      resource: "boiler",
      mode: "hold",
      fromMs: startMs,
      untilMs: startMs + 60_000,
      setting: { mode, powerW },
    } as const;
    const input = { nowMs: startMs, instructions: new Map(), local: new Map(), overrides: [hold], needs: new Map() };
    return intents([boiler], input)[0]?.setting;
  };
  expect(settingHeld("charge", 11_040)).toEqual({ mode: "off", powerW: 0 });
  expect(settingHeld("on", 3000)).toEqual({ mode: "on", powerW: 2000 });
});

describe("intents", () => {
  const lists = new Map([["boiler", list(spanOf(0, 15), spanOf(30, 45, "off"))]]);
  const planned = (resource: string, safeOn: boolean) =>
    switchedAppliance({ resource, ratedPowerW: 2000, minOnMs: 0, minOffMs: 0, maxOffMs: null, safeOn });
  const plan = (nowMs: number, change: Partial<PlanInput> = {}): PlanInput => ({
    nowMs,
    instructions: lists,
    local: new Map(),
    overrides: [],
    needs: new Map(),
    ...change,
  });
  const need = (authority: Intent["authority"], on: boolean): PlanInput["needs"] =>
    new Map([["boiler", { resource: "boiler", setting: settingOf(planned("boiler", false), on), authority, reason: "cold" }]]);
  const override = (mode: Override["mode"], more: Partial<Override> = {}): Override[] => [
    { resource: "boiler", mode, fromMs: startMs - 1, untilMs: startMs + 3_600_000, ...more },
  ];

  const own = new Map([["boiler", list(spanOf(0, 60, "on", "own plan"))]]);
  it.each<[string, Partial<PlanInput>, string, Intent["authority"]]>([
    ["the own plan stands below the instruction", { local: own }, "off", "instruction"],
    ["and takes over where there is none", { local: own, instructions: new Map() }, "on", "local"],
    ["a deadline stands above the instruction", { needs: need("comfort", true) }, "on", "comfort"],
    ["a pause stands above a deadline", { needs: need("comfort", true), overrides: override("pause") }, "off", "override"],
    [
      "a word that the clock has gone back behind is still in force",
      { overrides: override("boost", { fromMs: startMs + 3_000_000 }) },
      "on",
      "override",
    ],
    ["frost stands above a pause", { needs: need("safety", true), overrides: override("pause") }, "on", "safety"],
    [
      "a boost stands above a tank that is too hot",
      { needs: need("comfort", false), overrides: override("boost") },
      "on",
      "override",
    ],
    [
      "what was set by hand stays as it was set",
      { overrides: override("hold", { setting: { mode: "on", powerW: 1500 } }) },
      "on 1500",
      "override",
    ],
  ])("%s", (_, change, setting, authority) => {
    const [intent] = intents([planned("boiler", true)], plan(startMs + 35 * 60_000, change));
    const said = intent?.setting.powerW === 1500 ? `${intent.setting.mode} 1500` : intent?.setting.mode;
    expect([said, intent?.authority]).toEqual([setting, authority]);
  });

  it("takes of a mode with a range what the factor says", () => {
    const charge = { id: "charge", minW: 1380, maxW: 3680 };
    expect(settingFor([charge], { operationModeId: "charge" })).toEqual({ mode: "charge", powerW: 3680 });
    expect(settingFor([charge], { operationModeId: "charge", operationModeFactor: 0 })?.powerW).toBe(1380);
    expect(settingFor([charge], { operationModeId: "charge", operationModeFactor: 0.5 })?.powerW).toBe(2530);
    expect(settingFor([charge], { operationModeId: "off" })).toBeUndefined();
  });

  it.each<[string, number, boolean, boolean, string]>([
    ["before the first instruction", -1, true, true, "no instruction in force"],
    ["at its beginning", 0, false, true, "on"],
    ["at its end", 15, false, false, "no instruction in force"],
    ["between two", 20, true, true, "no instruction in force"],
    ["in the second", 30, true, false, "off"],
    ["after the last", 45, true, true, "no instruction in force"],
  ])("%s", (_, minute, safeOn, on, reason) => {
    const [intent] = intents([planned("boiler", safeOn)], plan(startMs + minute * 60_000));
    expect([intent?.setting, intent?.reason]).toEqual([{ mode: on ? "on" : "off", powerW: on ? 2000 : 0 }, reason]);
  });

  it("leaves an appliance without a list in its safe state", () => {
    expect(intents([planned("car", false)], plan(startMs))).toEqual([
      { resource: "car", setting: { mode: "off", powerW: 0 }, authority: "safe-state", reason: "no instruction in force" },
    ]);
  });

  it("takes of two in force the later to begin", () => {
    expect(instructionAt(list(spanOf(10, 60, "off"), spanOf(0, 60, "on")), startMs + 20 * 60_000)?.operationModeId).toBe("off");
  });
});

describe("acceptInstructions", () => {
  const onOff = ["off", "on"].map((id) => ({ id, minW: 0, maxW: 0 }));
  const resources = new Map(["boiler", "car"].map((name) => [name, onOff]));
  const judge = (body: unknown, topicResource = "boiler"): string => {
    try {
      acceptInstructions(body, topicResource, resources, startMs);
      return "accepted";
    } catch (error) {
      return errorCode(error);
    }
  };
  it.each<[string, unknown, string]>([
    ["spans that touch", list(spanOf(0, 15), spanOf(15, 30)), "accepted"],
    ["spans in any order", list(spanOf(15, 30), spanOf(0, 15)), "accepted"],
    ["an empty list, which takes all back", list(), "accepted"],
    ["some spans that are over", list(spanOf(-30, -15), spanOf(0, 15)), "accepted"],
    ["exactly 7 days ahead", list(spanOf(0, 7 * 1440)), "accepted"],
    ["a list of another shape", { plan: uuid, resource: "boiler" }, "instruction-malformed"],
    ["an end before its beginning", list(spanOf(15, 0)), "instruction-malformed"],
    ["no UUID as plan", { ...list(), plan: "7" }, "instruction-malformed"],
    ["nothing", null, "instruction-malformed"],
    ["a resource that is not here", { ...list(spanOf(0, 15)), resource: "pool" }, "instruction-unknown-resource"],
    ["another resource than the topic's", { ...list(spanOf(0, 15)), resource: "car" }, "instruction-unknown-resource"],
    ["an unknown operation mode", list(spanOf(0, 15, "boost")), "instruction-unknown-mode"],
    ["a factor outside its range", list({ ...spanOf(0, 15), operationModeFactor: -0.1 }), "instruction-malformed"],
    ["spans that are all over", list(spanOf(-30, -15), spanOf(-15, 0)), "instruction-expired"],
    ["more than 7 days ahead", list(spanOf(0, 7 * 1440 + 1)), "instruction-too-far"],
    ["spans that overlap", list(spanOf(0, 16), spanOf(15, 30)), "instruction-overlap"],
    ["spans that overlap, out of order", list(spanOf(15, 30), spanOf(0, 16)), "instruction-overlap"],
  ])("%s", (_, body, expected) => expect(judge(body)).toBe(expected));

  it("refuses a resource that the topic names but nobody has", () => {
    expect(judge({ ...list(), resource: "pool" }, "pool")).toBe("instruction-unknown-resource");
  });
});
