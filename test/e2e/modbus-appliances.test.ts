import { expect, it, onTestFinished } from "vitest";
import { freePort } from "../../cli/free-port.ts";
import { errorCode } from "../../core/app-error.ts";
import type { ChargerFamilyName } from "../../drivers/appliance/charger/charger-family-names.ts";
import { modbusCharger } from "../../drivers/appliance/charger/modbus-charger.ts";
import { modbusSensor } from "../../drivers/appliance/modbus-sensor.ts";
import { sunspecBattery } from "../../drivers/appliance/sunspec/sunspec-battery.ts";
import { sunspecPv } from "../../drivers/appliance/sunspec/sunspec-pv.ts";
import { modbusSerialBus, type ModbusTransport } from "../../drivers/bus/modbus-serial-bus.ts";
import { pymodbusCharger } from "../fake/pymodbus-charger.ts";
import { peer } from "../fake/peer.ts";
import { ptyPair } from "../fake/pty-pair.ts";
import { pythonWithPymodbus, startPymodbus, type PymodbusDevice } from "../fake/pymodbus-slave.ts";
import { sunspecInverter } from "../fake/sunspec-inverter.ts";
import { until } from "../fake/until.ts";

const [python, socat] = [pythonWithPymodbus(), peer("socat")];
const settings = { baud: 9600, dataBits: 8, parity: "none", stopBits: 1 } as const;

/** A bus to these devices of pymodbus, which answers. */
async function busTo(kind: "tcp" | "rtu", units: PymodbusDevice[], answers: { unit: number; register: number }) {
  const start = (line: { port: number } | { device: string }): void => {
    const slave = startPymodbus(python ?? "", line, { units });
    onTestFinished(() => slave.stop());
  };
  const transport = async (): Promise<ModbusTransport> => {
    if (kind === "tcp") {
      const port = await freePort();
      start({ port });
      return { kind: "tcp", host: "127.0.0.1", port };
    }
    const ptys = await ptyPair(socat ?? "");
    onTestFinished(() => ptys.close());
    start({ device: ptys.b });
    return { kind: "serial", path: ptys.a, settings };
  };
  const bus = modbusSerialBus(await transport(), { timeoutMs: 1500 });
  onTestFinished(() => bus.close());
  await until("pymodbus answers", () =>
    bus.readHoldingRegisters(answers.unit, answers.register, 1).then(
      () => true,
      () => false,
    ),
  );
  return bus;
}

const common = { name: "car", minA: 6, maxA: 16, phases: 3, pauseMs: 1 } as const;

for (const kind of ["tcp", "rtu"] as const)
  it.skipIf(!python || (kind === "rtu" && !socat))(
    `sets a Heidelberg box of pymodbus and its watchdog over ${kind} (pymodbus${kind === "rtu" ? ", socat" : ""})`,
    async () => {
      const sensor: PymodbusDevice = { unit: 9, holding: { 0: 0 }, input: { 2: 487, 3: 0x8000 } };
      const bus = await busTo(kind, [pymodbusCharger("heidelberg_energy_control", 1), sensor], { unit: 1, register: 261 });
      const charger = modbusCharger({ ...common, bus, unit: 1, family: "heidelberg_energy_control" });
      await charger.arm?.({ mode: "charge", powerW: 4_140 }, 60);
      await charger.set({ mode: "charge", powerW: 6_000 });
      const words = async (address: number, count: number): Promise<number[]> => {
        const bytes = await bus.readHoldingRegisters(1, address, count);
        return Array.from({ length: count }, (_, at) => bytes.readUInt16BE(at * 2));
      };
      expect(await words(257, 3)).toEqual([60_000, 4, 1]);
      expect(await words(261, 2)).toEqual([86, 60]);
      expect(await charger.read()).toEqual({ mode: "charge", powerW: 5_934 });
      expect(charger.keepAliveS).toBe(20);
      await charger.set({ mode: "off", powerW: 0 });
      expect(await words(261, 2)).toEqual([0, 60]);
      expect(await charger.read()).toEqual({ mode: "off", powerW: 0 });
      const tank = { name: "tank", bus, unit: 9, register: "input", type: "int16", scale: 0.1, offset: 0 } as const;
      expect(await modbusSensor({ ...tank, address: 2 }).read()).toBe(48.7);
      expect(
        await modbusSensor({ ...tank, address: 3 })
          .read()
          .catch(errorCode),
      ).toBe("sensor-no-value");
      expect(
        await modbusSensor({ ...tank, address: 4 })
          .read()
          .catch(errorCode),
      ).toBe("modbus-exception");
    },
  );

it.skipIf(!python)("sets chargers of the other families of pymodbus over TCP (pymodbus)", async () => {
  // Where a charger reads back elsewhere, pymodbus holds from the start what the charger would say then.
  const units = [
    pymodbusCharger("keba_p40", 2, { 1600: 0, 1601: 6_000, 1602: 0, 1603: 60 }),
    pymodbusCharger("abb_terra_ac", 3, { 0x4020: 90, 0x4024: 6, 0x400e: 0, 0x400f: 8_695 }),
    pymodbusCharger("alfen_ng9xx", 4),
    pymodbusCharger("phoenix_em_cp_pp_eth", 5),
    pymodbusCharger("keba_p30", 6, { 1100: 0, 1101: 8_695 }),
  ];
  const bus = await busTo("tcp", units, { unit: 5, register: 300 });
  const word = async (unit: number, address: number): Promise<number> =>
    (await bus.readHoldingRegisters(unit, address, 1)).readUInt16BE(0);
  const at = (unit: number, family: ChargerFamilyName) => modbusCharger({ ...common, bus, unit, family });
  const setting = { mode: "charge", powerW: 6_000 };

  const keba = at(2, "keba_p40");
  await keba.arm?.({ mode: "charge", powerW: 4_140 }, 60);
  await keba.set(setting);
  expect([await word(2, 5016), await word(2, 5018), await word(2, 5004)]).toEqual([6_000, 60, 8_695]);
  expect(await keba.read()).toEqual(setting);

  const abb = at(3, "abb_terra_ac");
  await abb.arm?.({ mode: "charge", powerW: 4_700 }, 90);
  await abb.set(setting);
  expect([await word(3, 0x4106), await word(3, 0x4109), await word(3, 0x4101)]).toEqual([90, 6, 8_695]);
  expect(await abb.set({ mode: "off", powerW: 0 }).catch(errorCode)).toBe("device-not-following");

  const alfen = at(4, "alfen_ng9xx");
  await alfen.arm?.({ mode: "charge", powerW: 4_140 }, 60);
  await alfen.set(setting);
  expect((await bus.readHoldingRegisters(4, 1210, 2)).readFloatBE(0)).toBeCloseTo(8.6, 5);
  expect(await alfen.read()).toEqual({ mode: "charge", powerW: 5_934 });

  const phoenix = at(5, "phoenix_em_cp_pp_eth");
  await phoenix.set({ mode: "off", powerW: 0 });
  expect(await bus.readCoils(5, 400, 1)).toEqual([false]);
  await phoenix.set(setting);
  expect([await word(5, 300), ...(await bus.readCoils(5, 400, 1))]).toEqual([8, true]);

  const p30 = at(6, "keba_p30");
  await p30.set(setting);
  expect([await word(6, 5004), await word(6, 5014)]).toEqual([8_695, 1]);
  expect(await at(7, "keba_p30").read().catch(errorCode)).toMatch(/^modbus-(timeout|exception)$/);
});

for (const kind of ["tcp", "rtu"] as const)
  it.skipIf(!python || (kind === "rtu" && !socat))(
    `controls battery and PV of a SunSpec inverter of pymodbus over ${kind} (pymodbus${kind === "rtu" ? ", socat" : ""})`,
    async () => {
      const { holding, at } = sunspecInverter();
      const bus = await busTo(kind, [{ unit: 1, holding: Object.fromEntries(holding) }], { unit: 1, register: 40_000 });
      const word = async (address: number): Promise<number> => (await bus.readHoldingRegisters(1, address, 1)).readInt16BE(0);
      const battery = sunspecBattery({
        name: "battery",
        bus,
        unit: 1,
        maxChargeW: 8_000,
        maxDischargeW: 8_000,
        gridCharging: true,
      });
      await battery.arm?.({ mode: "auto", powerW: 0 }, 90);
      await battery.set({ mode: "charge", powerW: 5_120 });
      const storage = [5, 12, 13, 15, 17].map((offset) => at(124) + offset);
      expect(await Promise.all(storage.map(word))).toEqual([3, -5_000, 5_000, 90, 1]);
      expect(await battery.read()).toEqual({ mode: "charge", powerW: 5_120 });
      expect(await battery.stateOfCharge?.()).toBe(62.5);
      await battery.set({ mode: "auto", powerW: 0 });
      expect(await word(at(124) + 5)).toBe(0);
      const pv = sunspecPv({ name: "roof", bus, unit: 1, maxPowerW: 9_800 });
      await pv.arm?.({ mode: "free", powerW: -9_800 }, 120);
      await pv.set({ mode: "limit", powerW: -6_000 });
      expect(await Promise.all([5, 7, 9].map((offset) => word(at(123) + offset)))).toEqual([6_000, 120, 1]);
      await pv.set({ mode: "free", powerW: -9_800 });
      expect(await pv.read()).toEqual({ mode: "free", powerW: -9_800 });
    },
  );
