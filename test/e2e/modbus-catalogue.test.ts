import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { freePort } from "../../cli/free-port.ts";
import { modbusSerialBus, type ModbusTransport } from "../../drivers/bus/modbus-serial-bus.ts";
import { blockReader, valuesIn } from "../../drivers/meter/modbus/block-reader.ts";
import { figure } from "../../drivers/meter/modbus/decode-register.ts";
import { families } from "../../drivers/meter/modbus/families.ts";
import { familyNames, type FamilyName } from "../../drivers/meter/modbus/family-names.ts";
import type { RegisterMap } from "../../drivers/meter/modbus/register-map.ts";
import { startModbusTcpServer } from "../../simulator/modbus/modbus-tcp-server.ts";
import { imageUnit, registerImage } from "../../simulator/modbus/register-image.ts";
import { familyValues, seeded } from "../fake/family-values.ts";
import { peer } from "../fake/peer.ts";
import { ptyPair } from "../fake/pty-pair.ts";
import { pythonWithPymodbus, startPymodbus } from "../fake/pymodbus-slave.ts";
import { until } from "../fake/until.ts";

const [python, socat, mbpoll] = [pythonWithPymodbus(), peer("socat"), peer("mbpoll")];
const settings = { baud: 9600, dataBits: 8, parity: "none", stopBits: 1 } as const;
const mapOf = (name: FamilyName): RegisterMap => families[name];
const unitOf = (name: FamilyName): number => familyNames.indexOf(name) + 1;
const setOf = (name: FamilyName) => familyValues(mapOf(name), seeded(1000 + unitOf(name)));

/** Reads all registers of these families from pymodbus, each family a unit of its own. */
async function readFromPymodbus(
  names: readonly FamilyName[],
  transport: ModbusTransport,
  line: { port: number } | { device: string },
) {
  const slave = startPymodbus(python ?? "", line, {
    units: names.map((name) => ({
      unit: unitOf(name),
      function: mapOf(name).functionCode,
      words: Object.fromEntries(registerImage(setOf(name))),
    })),
  });
  onTestFinished(() => slave.stop());
  const bus = modbusSerialBus(transport, { timeoutMs: 1_000, unitPauseMs: 0 });
  onTestFinished(() => bus.close());
  const read = (name: FamilyName, address: number, count: number): Promise<Buffer> =>
    mapOf(name).functionCode === 3
      ? bus.readHoldingRegisters(unitOf(name), address, count)
      : bus.readInputRegisters(unitOf(name), address, count);
  const [first] = names;
  await until("pymodbus answers", () =>
    first === undefined
      ? true
      : read(first, mapOf(first).registers[0]?.address ?? 0, 1).then(
          () => true,
          () => false,
        ),
  );
  const got: Record<string, [string, number | null | undefined][]> = {};
  for (const name of names) {
    const map = mapOf(name);
    const values = valuesIn(
      map.registers,
      await blockReader(map.registers, map, (address, count) => read(name, address, count))(),
    );
    got[name] = map.registers.map(({ measurement }) => {
      const sample = values.get(measurement);
      return [measurement, sample && figure(sample)];
    });
  }
  return got;
}
const expected = (names: readonly FamilyName[]) =>
  Object.fromEntries(names.map((name) => [name, setOf(name).map(({ measurement, value }) => [measurement, value])]));

it.skipIf(!python)("reads every register of every family from pymodbus over TCP (pymodbus)", async () => {
  const port = await freePort();
  expect(await readFromPymodbus(familyNames, { kind: "tcp", host: "127.0.0.1", port }, { port })).toEqual(expected(familyNames));
});

it.skipIf(!python || !socat)("reads families of all kinds from pymodbus over RTU (pymodbus, socat)", async () => {
  const names = ["sdm630", "cg_em24", "iem3000", "pac2200", "abb_b", "orno_we504", "se_mtr_3y"] as const;
  const ptys = await ptyPair(socat ?? "");
  onTestFinished(() => ptys.close());
  const got = await readFromPymodbus(names, { kind: "serial", path: ptys.a, settings }, { device: ptys.b });
  expect(got).toEqual(expected(names));
});

describe.skipIf(!mbpoll)("mbpoll reads the simulator's devices as the catalogue says (mbpoll)", () => {
  const run = promisify(execFile);
  it.each([
    ["sdm630", "f32"],
    ["cg_em24", "s32"],
    ["orno_we516", "f32"],
    ["se_mtr_3y", "f32"],
    ["eltako_dsz", "s32"],
  ] as const)("%s, all of its %s registers", async (name, type) => {
    const map = mapOf(name);
    const set = setOf(name);
    const unit = imageUnit(registerImage(set), { functionCode: map.functionCode, holes: "refuse" });
    const server = await startModbusTcpServer(0, new Map([[unitOf(name), unit]]));
    onTestFinished(() => server.close());
    for (const { address, order, mul, value } of set.filter((register) => register.type === type)) {
      const table = `${map.functionCode === 3 ? 4 : 3}:${type === "f32" ? "float" : "int"}`;
      const where = ["-m", "tcp", "-p", String(server.port), "-a", String(unitOf(name)), "-0", "-1"];
      const what = ["-t", table, "-r", String(address), "-c", "1", ...(order === "ABCD" ? ["-B"] : [])];
      const { stdout } = await run(mbpoll ?? "", [...where, ...what, "127.0.0.1"]);
      const said = Number(/^\[\d+\]:\s+(\S+)/m.exec(stdout)?.[1]);
      // mbpoll prints floats with six digits.
      expect(said).toBeCloseTo(value / mul, type === "f32" ? -Math.floor(Math.log10(Math.abs(value / mul) + 1e-9)) + 4 : 6);
    }
  });
});
