import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorCode } from "../../../../core/app-error.ts";
import type { Setting } from "../../../../core/setting.ts";
import { chargerFamilies } from "../../../../drivers/appliance/charger/charger-families.ts";
import { chargerFamilyNames, type ChargerFamilyName } from "../../../../drivers/appliance/charger/charger-family-names.ts";
import { ModbusChargerOptions } from "../../../../drivers/appliance/charger/modbus-charger-options.ts";
import { modbusCharger } from "../../../../drivers/appliance/charger/modbus-charger.ts";
import { chargerDevices } from "../../../fake/charger-devices.ts";
import { from, registerSlave, wordsOfFloat, wordsOfLong } from "../../../fake/register-slave.ts";

const off: Setting = { mode: "off", powerW: 0 };
const charge = (powerW: number): Setting => ({ mode: "charge", powerW });
const codeOf = (work: Promise<unknown>): Promise<string> => work.then(() => "done", errorCode);

async function charger(family: ChargerFamilyName, more: { minA?: number; maxA?: number; phases?: 1 | 3 } = {}) {
  const device = chargerDevices[family];
  const { state, bus } = await registerSlave(device.unit, device);
  state.after = () => device.after?.(state);
  const { minA = 6, maxA = 16, phases = 3 } = more;
  const made = modbusCharger({ name: "car", bus, unit: device.unit, family, minA, maxA, phases, pauseMs: 1 });
  return { state, bus, charger: made, setA: () => device.setA(state), writes: () => state.writes.splice(0) };
}

describe.each(chargerFamilyNames)("%s", (family) => {
  const { stepsPerA } = chargerFamilies[family];

  it("is set, says so, and is set off", async () => {
    const { charger: one, setA, state } = await charger(family);
    expect(await one.read()).toEqual(charge(11_040));
    await one.set(charge(6_000));
    const expected = Math.floor((6_000 / 690) * stepsPerA) / stepsPerA;
    expect(setA()).toBeCloseTo(expected, 5);
    expect((await one.read()).powerW).toBe(Math.ceil(expected * 690 - 1e-6));
    await one.set(off);
    expect(await one.read()).toEqual(off);
    if (family === "phoenix_em_cp_pp_eth") expect(state.coils.get(400)).toBe(false);
    else expect(setA()).toBe(0);
    await one.set(charge(99_999));
    expect(setA()).toBe(16);
    expect(await one.read()).toEqual(charge(11_040));
  });

  it("is not taken for set when it keeps more than it was told", async () => {
    const { charger: one, state } = await charger(family);
    for (const address of state.holding.keys()) state.stuck.add(address);
    state.stuck.add(400);
    expect(await codeOf(one.set(charge(6_000)))).toBe("device-not-following");
    expect(await codeOf(one.set(off))).toBe("device-not-following");
  });

  it("is not believed with a current that cannot be, nor with none", async () => {
    const { charger: one, state } = await charger(family);
    const { address, type, perA } = chargerFamilies[family].limit.read;
    const words = (value: number): number[] =>
      type === "f32" ? wordsOfFloat(value) : type === "u32" ? wordsOfLong(value) : [value];
    const none = type === "u32" ? [0xffff, 0xffff] : type === "f32" ? [0x7fc0, 0] : [0xffff];
    // A word of mA cannot say more than 65.5 A.
    const cannotBe = type === "u16" && perA === 1000 ? [none] : [words(81 * perA), none];
    for (const absurd of cannotBe) {
      for (const [at, word] of from(address, absurd)) state.holding.set(at, word);
      expect(await codeOf(one.read())).toBe("device-bad-answer");
    }
  });

  it("passes on what the line says: refusals, silence", async () => {
    const { charger: one, state } = await charger(family);
    state.holding.delete(chargerFamilies[family].limit.read.address);
    expect(await codeOf(one.read())).toBe("modbus-exception");
    state.dead = true;
    expect(await codeOf(one.set(charge(6_000)))).toBe("modbus-timeout");
    expect(await codeOf(one.read())).toBe("modbus-timeout");
  });

  it("is never written a current above the most, or one between 0 and the least", { timeout: 30_000 }, async () => {
    const { charger: one, state, setA } = await charger(family, { minA: 7, maxA: 13 });
    const { watch } = chargerFamilies[family];
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: -20_000, max: 60_000 }),
        fc.constantFrom("off", "charge"),
        fc.boolean(),
        async (powerW, mode, arming) => {
          if (arming && watch) {
            await one.arm?.({ mode, powerW }, 60);
            const { address, perA } = watch.failsafe.write;
            const failsafeA = (state.holding.get(address) ?? NaN) / perA;
            expect(failsafeA === 0 || (failsafeA >= 7 && failsafeA <= 13)).toBe(true);
          }
          await one.set({ mode, powerW });
          const ampere = setA();
          const allowed = state.coils.get(400) ?? true;
          expect(ampere === 0 || !allowed || (ampere >= 7 && ampere <= 13.000_001)).toBe(true);
          if (mode === "charge" && allowed) expect(ampere * 690).toBeLessThanOrEqual((Math.max(0, powerW) || 0) + 0.01);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe("the charger's own timeout", () => {
  it("of a Heidelberg box is its watchdog in ms with a failsafe current, 65 s at most, and standby is off", async () => {
    const { charger: one, state } = await charger("heidelberg_energy_control");
    expect(one.keepAliveS).toBeUndefined();
    await one.arm?.(charge(4_140), 900);
    expect([257, 258, 262].map((at) => state.holding.get(at))).toEqual([65_000, 4, 60]);
    expect(one.keepAliveS).toBeCloseTo(65 / 3);
    await one.arm?.(off, 30);
    expect([257, 262].map((at) => state.holding.get(at))).toEqual([30_000, 0]);
    expect(one.keepAliveS).toBe(10);
    expect(await codeOf(one.arm?.(off, 0.5) ?? Promise.resolve())).toBe("device-cannot-arm");
    expect(one.keepAliveS).toBe(10);
  });

  it.each(["keba_p30", "keba_p40"] as const)("of a %s is written again with every setting", async (family) => {
    const { charger: one, state, writes } = await charger(family);
    expect(await codeOf(one.arm?.(off, 5) ?? Promise.resolve())).toBe("device-cannot-arm");
    await one.arm?.(charge(4_140), 60);
    expect([5016, 5018].map((at) => state.holding.get(at))).toEqual([6_000, 60]);
    writes();
    await one.set(charge(6_900));
    const limit =
      family === "keba_p30"
        ? [
            [5004, [10_000]],
            [5014, [1]],
          ]
        : [[5004, [10_000]]];
    expect(writes()).toEqual([[5016, [6_000]], [5018, [60]], ...limit]);
    await one.set(off);
    expect(writes()[0]).toEqual(family === "keba_p30" ? [5014, [0]] : [5004, [0]]);
    await one.arm?.(off, 3_600);
    expect([5016, 5018].map((at) => state.holding.get(at))).toEqual([0, 600]);
    expect(one.keepAliveS).toBe(200);
  });

  it("of a Terra AC falls back to whole amperes, and is set anew where the charger forgot it", async () => {
    const { charger: one, state, writes } = await charger("abb_terra_ac");
    await one.arm?.(charge(4_900), 60);
    expect([0x4106, 0x4109].map((at) => state.holding.get(at))).toEqual([60, 7]);
    writes();
    await one.set(charge(6_900));
    expect(writes()).toEqual([[0x4100, [0, 10_000]]]);
    // As its firmware does when it restarts.
    state.holding.set(0x4109, 256).set(0x4024, 256);
    await one.set(charge(6_900));
    expect(writes()).toEqual([
      [0x4109, [7]],
      [0x4106, [60]],
      [0x4100, [0, 10_000]],
    ]);
    expect(one.keepAliveS).toBe(20);
  });

  it("of a Terra AC stops where whole amperes leave less than the least current", async () => {
    const { charger: one, state } = await charger("abb_terra_ac", { minA: 6.5 });
    await one.arm?.(charge(4_700), 60);
    expect(state.holding.get(0x4109)).toBe(0);
    await one.arm?.(charge(4_900), 60);
    expect(state.holding.get(0x4109)).toBe(7);
  });

  it("of a Terra AC without fallback limit can only be to stop", async () => {
    const { charger: one, state } = await charger("abb_terra_ac");
    state.holding.delete(0x4109);
    state.holding.delete(0x4024);
    state.after = () => state.holding.set(0x4020, state.holding.get(0x4106) ?? 0);
    expect(await codeOf(one.arm?.(charge(4_900), 60) ?? Promise.resolve())).toBe("device-cannot-arm");
    await one.arm?.(off, 90);
    expect(state.holding.get(0x4106)).toBe(90);
  });

  it("of an Alfen is the installer's affair, which is looked at", async () => {
    const { charger: one, state, writes } = await charger("alfen_ng9xx");
    expect(one.keepAliveS).toBe(20);
    await one.arm?.(charge(4_140), 60);
    expect(await codeOf(one.arm?.(off, 60) ?? Promise.resolve())).toBe("device-cannot-arm");
    expect(await codeOf(one.arm?.(charge(4_140), 59) ?? Promise.resolve())).toBe("device-cannot-arm");
    for (const [at, word] of from(1212, wordsOfFloat(0))) state.holding.set(at, word);
    await one.arm?.(off, 60);
    expect(writes()).toEqual([]);
  });

  it("of a Phoenix controller is not known, so that it has none", async () => {
    const { charger: one } = await charger("phoenix_em_cp_pp_eth");
    expect([one.arm, one.keepAliveS]).toEqual([undefined, undefined]);
  });

  it("is not armed when the charger keeps another", async () => {
    const { charger: one, state } = await charger("heidelberg_energy_control");
    state.stuck.add(257);
    expect(await codeOf(one.arm?.(off, 30) ?? Promise.resolve())).toBe("device-not-following");
    state.stuck.delete(257);
    state.stuck.add(262);
    expect(await codeOf(one.arm?.(charge(6_900), 30) ?? Promise.resolve())).toBe("device-not-following");
    expect(one.keepAliveS).toBeUndefined();
  });

  it("is looked after before more is allowed, and after less is", async () => {
    const { charger: one, state, writes } = await charger("heidelberg_energy_control");
    await one.arm?.(off, 30);
    writes();
    state.holding.set(257, 15_000);
    await one.set(charge(6_900));
    expect(writes().map(([at]) => at)).toEqual([258, 262, 257, 261]);
    state.holding.set(257, 15_000);
    await one.set(off);
    expect(writes().map(([at]) => at)).toEqual([261, 258, 262, 257]);
  });
});

it("waits for a limit in force that comes late, and takes a lower one of somebody else", async () => {
  const { charger: one, state } = await charger("abb_terra_ac");
  let looks = 0;
  const late = new Map(state.holding);
  state.holding.get = (address) => {
    if (address === 0x400f && ++looks === 3) for (const [at, word] of from(0x400e, wordsOfLong(8_000))) late.set(at, word);
    return late.get(address);
  };
  state.after = () => undefined;
  await one.set(charge(6_900));
  expect(looks).toBe(3);
  expect(await one.read()).toEqual(charge(5_520));
});

it("is off with a current that no car charges with, and not for a hair", async () => {
  const { charger: one, state } = await charger("alfen_ng9xx");
  const reads = (ampere: number): Promise<Setting> => {
    for (const [at, word] of from(1210, wordsOfFloat(ampere))) state.holding.set(at, word);
    return one.read();
  };
  expect(await reads(3)).toEqual(off);
  expect(await reads(5.9)).toEqual(off);
  expect(await reads(5.98)).toEqual(charge(4_140));
});

it("is off while a KEBA P30 holds itself back", async () => {
  const { charger: one, state } = await charger("keba_p30");
  state.holding.set(1001, 5);
  expect(await one.read()).toEqual(off);
});

it("takes options of a configuration, and refuses those that cannot be", () => {
  const given = { family: "keba_p40", unit_id: 255, max_current_a: 16, phases: 3 };
  expect(ModbusChargerOptions.parse(given)).toEqual({ ...given, min_current_a: 6 });
  const refused = [
    { ...given, family: "keba" },
    { ...given, min_current_a: 5 },
    { ...given, max_current_a: 33 },
    { ...given, phases: 2 },
    { ...given, unit_id: 0 },
    { ...given, current: 6 },
  ];
  for (const one of refused) expect(ModbusChargerOptions.safeParse(one).success).toBe(false);
});
