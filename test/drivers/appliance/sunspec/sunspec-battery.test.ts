import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorCode } from "../../../../core/app-error.ts";
import type { Setting } from "../../../../core/setting.ts";
import { sunspecBattery } from "../../../../drivers/appliance/sunspec/sunspec-battery.ts";
import { SunspecBatteryOptions } from "../../../../drivers/appliance/sunspec/sunspec-options.ts";
import { registerSlave } from "../../../fake/register-slave.ts";
import { sunspecInverter } from "../../../fake/sunspec-inverter.ts";

const auto: Setting = { mode: "auto", powerW: 0 };
const charge = (powerW: number): Setting => ({ mode: "charge", powerW });
const discharge = (powerW: number): Setting => ({ mode: "discharge", powerW });
const codeOf = (work: Promise<unknown> | undefined): Promise<string> => Promise.resolve(work).then(() => "done", errorCode);

async function battery(more: Parameters<typeof sunspecInverter>[0] & { gridCharging?: boolean } = {}) {
  const inverter = sunspecInverter(more);
  const { state, bus } = await registerSlave(1, inverter);
  const at = (offset: number): number => inverter.at(124) + offset;
  const signed = (offset: number): number => ((state.holding.get(at(offset)) ?? NaN) << 16) >> 16;
  const device = sunspecBattery({
    name: "battery",
    bus,
    unit: 1,
    maxChargeW: 8_000,
    maxDischargeW: 10_000,
    gridCharging: more.gridCharging ?? false,
  });
  return {
    state,
    device,
    at,
    /** StorCtl_Mod, OutWRte, InWRte. */
    controls: () => [signed(5), signed(12), signed(13)],
    writes: () => state.writes.splice(0).map(([address, words]) => [address - inverter.at(124), words]),
  };
}

it("has its modes from the lowest draw on", async () => {
  expect((await battery()).device.modes).toEqual([
    { id: "discharge", minW: -10_000, maxW: 0 },
    { id: "auto", minW: 0, maxW: 0 },
    { id: "charge", minW: 0, maxW: 8_000 },
  ]);
});

it.each<[string, Setting, number[], Setting]>([
  ["a power to charge with is a window of no width", charge(5_120), [3, -5_000, 5_000], charge(5_120)],
  ["a power to discharge with is one below zero", discharge(-2_560), [3, 2_500, -2_500], discharge(-2_560)],
  ["never more than the plant can charge with", charge(99_000), [3, -7_812, 7_812], charge(7_999)],
  ["never more than the plant can discharge with", discharge(-99_000), [3, 9_765, -9_765], discharge(-9_999)],
  ["standing still when charging", charge(0), [3, 0, 0], charge(0)],
  ["standing still when discharging", discharge(0), [3, 0, 0], discharge(0)],
  ["no power of the other sign", charge(-3_000), [3, 0, 0], charge(0)],
  ["no power of the other sign, discharging", discharge(3_000), [3, 0, 0], discharge(0)],
  ["no number at all", charge(NaN), [3, 0, 0], charge(0)],
  ["the inverter's own way", auto, [0, 10_000, 10_000], auto],
])("sets and reads: %s", async (_, setting, expected, read) => {
  const { device, controls } = await battery();
  await device.set(charge(1_000));
  await device.set(setting);
  expect(controls()).toEqual(expected);
  expect(await device.read()).toEqual(read);
});

it("writes both limits in one request and puts them in force last, every time", async () => {
  const { device, writes } = await battery();
  await device.set(charge(1_024));
  const once = [
    [12, [0x1_0000 - 1_000, 1_000]],
    [5, [3]],
  ];
  expect(writes()).toEqual(once);
  await device.set(charge(1_024));
  expect(writes()).toEqual(once);
  await device.set(auto);
  expect(writes()).toEqual([
    [5, [0]],
    [12, [10_000, 10_000]],
  ]);
});

it("allows charging from the grid only where it may, and once", async () => {
  const may = await battery({ gridCharging: true });
  await may.device.set(discharge(-1_000));
  expect(may.writes().some(([offset]) => offset === 17)).toBe(false);
  await may.device.set(charge(1_024));
  expect(may.writes()[0]).toEqual([17, [1]]);
  await may.device.set(charge(2_048));
  expect(may.writes().some(([offset]) => offset === 17)).toBe(false);
});

it("writes no limit above 100 % or beyond the plant, and both always of one size", { timeout: 30_000 }, async () => {
  const { device, controls } = await battery({ words: { 124: { 2: 9_000 } } });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("charge", "discharge"), fc.double({ min: -30_000, max: 30_000 }), async (mode, powerW) => {
      await device.set({ mode, powerW });
      const [on, out = NaN, most = NaN] = controls();
      expect(on).toBe(3);
      expect(out + most).toBe(0);
      const watt = (most / 10_000) * 9_000;
      expect(watt).toBeLessThanOrEqual(8_000);
      expect(watt).toBeGreaterThanOrEqual(-9_000);
      expect(Math.abs(watt)).toBeLessThanOrEqual((Math.abs(powerW) || 0) + 1e-6);
    }),
    { numRuns: 150 },
  );
});

describe("its own revert timer", () => {
  it("is what arm sets, and is written again with every control", async () => {
    const { device, state, at, writes } = await battery();
    expect(device.keepAliveS).toBeUndefined();
    await device.arm?.(auto, 90);
    expect(writes()).toEqual([[15, [90]]]);
    expect(device.keepAliveS).toBe(30);
    // The inverter restarted.
    state.holding.set(at(15), 3_600);
    await device.set(charge(1_024));
    expect(writes().map(([offset]) => offset)).toEqual([15, 12, 5]);
    expect(state.holding.get(at(15))).toBe(90);
    await device.arm?.(auto, 1e6);
    expect(state.holding.get(at(15))).toBe(0xfffe);
  });

  it("leads to auto and to nothing else", async () => {
    const { device } = await battery();
    expect(await codeOf(device.arm?.(charge(0), 90))).toBe("device-cannot-arm");
    expect(await codeOf(device.arm?.(auto, 0.5))).toBe("device-cannot-arm");
    expect(device.keepAliveS).toBeUndefined();
  });

  it("may be missing, or keep another time", async () => {
    const without = await battery({ words: { 124: { 2: 10_240, 15: 0xffff } } });
    expect(await codeOf(without.device.arm?.(auto, 90))).toBe("device-cannot-arm");
    const { device, state, at } = await battery();
    state.stuck.add(at(15));
    expect(await codeOf(device.arm?.(auto, 90))).toBe("device-not-following");
    expect(device.keepAliveS).toBeUndefined();
    state.stuck.clear();
    await device.arm?.(auto, 90);
    state.stuck.add(at(15));
    state.holding.set(at(15), 3_600);
    expect(await codeOf(device.set(charge(1_000)))).toBe("device-not-following");
  });
});

it("says when the inverter does not follow", async () => {
  const { device, state, at } = await battery();
  state.stuck.add(at(5));
  expect(await codeOf(device.set(charge(1_000)))).toBe("device-not-following");
  state.stuck.clear();
  state.stuck.add(at(13));
  expect(await codeOf(device.set(charge(2_000)))).toBe("device-not-following");
  expect(await codeOf(device.set({ mode: "boost", powerW: 1 }))).toBe("device-unknown-mode");
});

it("says when somebody else set limits that are none of its modes", async () => {
  const { device, state, at } = await battery();
  state.holding.set(at(5), 2).set(at(12), 0);
  expect(await codeOf(device.read())).toBe("device-foreign-setting");
  state.holding.set(at(5), 3).set(at(12), 5_000).set(at(13), 5_000);
  expect(await codeOf(device.read())).toBe("device-foreign-setting");
  await device.set(auto);
  expect(await device.read()).toEqual(auto);
});

it("says how full it is", async () => {
  const { device, state, at } = await battery();
  expect(await device.stateOfCharge?.()).toBe(62.5);
  state.holding.set(at(8), 0xffff);
  expect(await device.stateOfCharge?.()).toBeNull();
  state.holding.set(at(8), 10_001);
  expect(await codeOf(device.stateOfCharge?.())).toBe("device-bad-answer");
});

it.each<[string, Record<number, number>]>([
  ["no rated power", { 2: 0 }],
  ["a rated power that is not implemented", { 2: 0xffff }],
  ["a scale that no word has room for", { 25: 0x1_0000 - 3 }],
])("does not control by percents of %s", async (_, words) => {
  const { device, state } = await battery({ words: { 124: { 2: 10_240, 25: 0x1_0000 - 2, ...words } } });
  expect(await codeOf(device.set(charge(1_000)))).toBe("device-bad-answer");
  expect(state.writes).toEqual([]);
});

it("takes whole percents where the scale says so", async () => {
  const { device, controls } = await battery({ words: { 124: { 2: 1_024, 18: 1, 25: 0 } } });
  await device.set(charge(5_200));
  expect(controls()).toEqual([3, -50, 50]);
  expect(await device.read()).toEqual(charge(5_120));
});

it("finds its models again when they moved, and says when there are none", async () => {
  const { device, state } = await battery();
  await device.set(charge(1_024));
  const moved = sunspecInverter({ without: [120] });
  state.holding = new Map(moved.holding);
  expect(await device.read()).toEqual(auto);
  await device.set(charge(2_048));
  expect(state.holding.get(moved.at(124) + 5)).toBe(3);
  const bare = await battery({ without: [124] });
  expect(await codeOf(bare.device.set(auto))).toBe("sunspec-no-model");
  bare.state.dead = true;
  expect(await codeOf(bare.device.read())).toBe("modbus-timeout");
});

it("takes options of a configuration", () => {
  const given = { unit_id: 1, max_charge_w: 8_000, max_discharge_w: 10_000 };
  expect(SunspecBatteryOptions.parse(given)).toEqual({ ...given, grid_charging: false });
  expect(SunspecBatteryOptions.safeParse({ ...given, max_charge_w: 0 }).success).toBe(false);
});
