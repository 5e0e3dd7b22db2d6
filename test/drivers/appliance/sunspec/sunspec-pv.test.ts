import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorCode } from "../../../../core/app-error.ts";
import type { Setting } from "../../../../core/setting.ts";
import { SunspecPvOptions } from "../../../../drivers/appliance/sunspec/sunspec-options.ts";
import { sunspecPv } from "../../../../drivers/appliance/sunspec/sunspec-pv.ts";
import { registerSlave } from "../../../fake/register-slave.ts";
import { sunspecInverter } from "../../../fake/sunspec-inverter.ts";

const free: Setting = { mode: "free", powerW: -9_800 };
const limit = (powerW: number): Setting => ({ mode: "limit", powerW });
const codeOf = (work: Promise<unknown> | undefined): Promise<string> => Promise.resolve(work).then(() => "done", errorCode);

async function pv(more: Parameters<typeof sunspecInverter>[0] = {}) {
  const inverter = sunspecInverter(more);
  const { state, bus } = await registerSlave(1, inverter);
  const at = (offset: number): number => inverter.at(123) + offset;
  return {
    state,
    at,
    inverter,
    device: sunspecPv({ name: "roof", bus, unit: 1, maxPowerW: 9_800 }),
    /** WMaxLim_Ena, WMaxLimPct. */
    controls: () => [state.holding.get(at(9)), state.holding.get(at(5))],
    writes: () => state.writes.splice(0).map(([address, words]) => [address - inverter.at(123), words]),
  };
}

it("has the modes limit and free", async () => {
  expect((await pv()).device.modes).toEqual([
    { id: "limit", minW: -9_800, maxW: 0 },
    { id: "free", minW: -9_800, maxW: -9_800 },
  ]);
});

it.each<[string, Setting, number[], Setting]>([
  ["a limit", limit(-6_000), [1, 6_000], limit(-6_000)],
  ["a limit between two counts, the lower one", limit(-1_234.9), [1, 1_234], limit(-1_234)],
  ["nothing at all", limit(0), [1, 0], limit(0)],
  ["drawing is nothing fed in", limit(500), [1, 0], limit(0)],
  ["no number at all", limit(NaN), [1, 0], limit(0)],
  ["a limit above what it is rated", limit(-50_000), [1, 10_000], limit(-10_000)],
  ["its own way", free, [0, 10_000], free],
])("sets and reads %s", async (_, setting, expected, read) => {
  const { device, controls } = await pv();
  await device.set(limit(-100));
  await device.set(setting);
  expect(controls()).toEqual(expected);
  expect(await device.read()).toEqual(read);
});

it("puts a limit in force last, every time, and lifts it first", async () => {
  const { device, writes } = await pv();
  for (let time = 0; time < 2; time++) {
    await device.set(limit(-3_000));
    expect(writes()).toEqual([
      [5, [3_000]],
      [9, [1]],
    ]);
  }
  await device.set(free);
  expect(writes()).toEqual([
    [9, [0]],
    [5, [10_000]],
  ]);
});

it("never lets more be fed in than was set", { timeout: 30_000 }, async () => {
  const { device, controls } = await pv({ words: { 121: { 2: 8_250 }, 123: { 23: 0 } } });
  await fc.assert(
    fc.asyncProperty(fc.double({ min: -20_000, max: 5_000 }), async (powerW) => {
      await device.set(limit(powerW));
      const [, percent = NaN] = controls();
      expect(percent).toBeLessThanOrEqual(100);
      expect((percent / 100) * 8_250).toBeLessThanOrEqual((Math.max(0, -powerW) || 0) + 1e-6);
    }),
    { numRuns: 100 },
  );
});

it("takes its rated power from the nameplate where there are no basic settings", async () => {
  const { device, controls } = await pv({ without: [121], words: { 120: { 3: 500, 4: 1 } } });
  await device.set(limit(-2_500));
  expect(controls()).toEqual([1, 5_000]);
  expect(await device.read()).toEqual(limit(-2_500));
});

describe("its own revert timer", () => {
  it("is what arm sets, written before every limit, and leads to free only", async () => {
    const { device, writes, state, at } = await pv();
    await device.arm?.(free, 120);
    expect(writes()).toEqual([[7, [120]]]);
    expect(device.keepAliveS).toBe(40);
    await device.set(limit(-3_000));
    expect(writes().map(([offset]) => offset)).toEqual([7, 5, 9]);
    expect(state.holding.get(at(7))).toBe(120);
    expect(await codeOf(device.arm?.(limit(0), 120))).toBe("device-cannot-arm");
  });

  it("may be missing", async () => {
    const { device } = await pv({ words: { 123: { 7: 0xffff } } });
    expect(await codeOf(device.arm?.(free, 120))).toBe("device-cannot-arm");
  });
});

it("says when the inverter does not follow, or what cannot be", async () => {
  const { device, state, at } = await pv();
  state.stuck.add(at(9));
  expect(await codeOf(device.set(limit(-3_000)))).toBe("device-not-following");
  state.stuck.clear();
  state.stuck.add(at(5));
  expect(await codeOf(device.set(limit(-1_000)))).toBe("device-not-following");
  state.holding.set(at(5), 10_001);
  expect(await codeOf(device.read())).toBe("device-bad-answer");
  state.holding.set(at(9), 7);
  expect(await codeOf(device.read())).toBe("device-bad-answer");
  expect(await codeOf(device.set({ mode: "off", powerW: 0 }))).toBe("device-unknown-mode");
  const unrated = await pv({ words: { 121: { 2: 0 } } });
  expect(await codeOf(unrated.device.set(limit(-1_000)))).toBe("device-bad-answer");
  expect(unrated.state.writes).toEqual([]);
});

it("says when the line does not answer, or the model is not there", async () => {
  const { device, state } = await pv();
  state.dead = true;
  expect(await codeOf(device.set(limit(-3_000)))).toBe("modbus-timeout");
  expect(await codeOf((await pv({ without: [123] })).device.read())).toBe("sunspec-no-model");
});

it("takes options of a configuration", () => {
  expect(SunspecPvOptions.parse({ unit_id: 1, max_power_w: 9_800 })).toEqual({ unit_id: 1, max_power_w: 9_800 });
  expect(SunspecPvOptions.safeParse({ unit_id: 1 }).success).toBe(false);
});
