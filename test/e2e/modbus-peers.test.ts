import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { freePort } from "../../cli/free-port.ts";
import { errorCode } from "../../core/app-error.ts";
import { modbusCoil } from "../../drivers/appliance/modbus-coil.ts";
import { modbusSerialBus, type ModbusTransport } from "../../drivers/bus/modbus-serial-bus.ts";
import { sdm630 } from "../../drivers/meter/modbus/eastron-sdm630.ts";
import { house, newHouse } from "../../simulator/house/house.ts";
import { relayUnit, startModbusHouse, subMeterUnit } from "../../simulator/modbus/modbus-house.ts";
import { peer } from "../fake/peer.ts";
import { ptyPair } from "../fake/pty-pair.ts";
import { pythonWithPymodbus, startPymodbus } from "../fake/pymodbus-slave.ts";
import { until } from "../fake/until.ts";

const [python, socat, mbpoll] = [pythonWithPymodbus(), peer("socat"), peer("mbpoll")];
const content = {
  floats: { 0x00: 229.5, 0x02: 230.25, 0x04: 231, 0x06: 3.5, 0x0c: 803.4, 0x10: -57.6, 0x34: 745.8, 0x48: 1234.567, 0x4a: 0.004 },
  meter: 2,
  relays: 10,
  coils: 4,
};
const settings = { baud: 9600, dataBits: 8, parity: "none", stopBits: 1 } as const;

/** A line with pymodbus at its other end. */
async function lineTo(kind: "tcp" | "rtu"): Promise<ModbusTransport> {
  const start = (line: { port: number } | { device: string }): void => {
    const slave = startPymodbus(python ?? "", line, content);
    onTestFinished(() => slave.stop());
  };
  if (kind === "tcp") {
    const port = await freePort();
    start({ port });
    return { kind: "tcp", host: "127.0.0.1", port };
  }
  const ptys = await ptyPair(socat ?? "");
  onTestFinished(() => ptys.close());
  start({ device: ptys.b });
  return { kind: "serial", path: ptys.a, settings };
}

for (const kind of ["tcp", "rtu"] as const)
  it.skipIf(!python || (kind === "rtu" && !socat))(
    `reads a meter and switches a relay of pymodbus over ${kind} (pymodbus${kind === "rtu" ? ", socat" : ""})`,
    async () => {
      const bus = modbusSerialBus(await lineTo(kind), { timeoutMs: 1500 });
      onTestFinished(() => bus.close());
      await until("pymodbus answers", () =>
        bus.readCoils(10, 0, 1).then(
          () => true,
          () => false,
        ),
      );
      const meter = sdm630({ name: "pump", bus, unit: 2, pollMs: 5000, stamp: () => ({ receivedMs: 7, clockSynced: true }) });
      expect(await meter.read()).toMatchObject({
        importWh: 1_234_567,
        exportWh: 4,
        powerW: 746,
        phases: [
          { voltageV: 229.5, currentA: 3.5, powerW: 803 },
          { voltageV: 230.25, powerW: 0 },
          { voltageV: 231, powerW: -58 },
        ],
      });
      const [relay, other] = [2, 3].map((coil) => modbusCoil({ name: `r${coil}`, bus, unit: 10, coil, inverted: coil === 3 }));
      expect([await relay?.isClosed(), await other?.isClosed()]).toEqual([false, true]);
      await relay?.set(true);
      await other?.set(false);
      expect(await bus.readCoils(10, 0, 4)).toEqual([false, false, true, true]);
      expect(await modbusCoil({ name: "r9", bus, unit: 10, coil: 9, inverted: false }).set(true).catch(errorCode)).toBe(
        "modbus-exception",
      );
      expect((await meter.read()).importWh).toBe(1_234_567);
    },
  );

describe.skipIf(!mbpoll)("mbpoll reads the simulator as the drivers do", () => {
  const run = promisify(execFile);
  /** Values by reference, as mbpoll prints them: `[52]: 	2500`. */
  const poll = async (port: number, unit: number, type: string, from: number, count: number): Promise<string[]> => {
    const args = [
      "-m",
      "tcp",
      "-p",
      String(port),
      "-a",
      String(unit),
      "-0",
      "-1",
      "-B",
      "-t",
      type,
      "-r",
      String(from),
      "-c",
      String(count),
      "127.0.0.1",
    ];
    const { stdout } = await run(mbpoll ?? "", args);
    return [...stdout.matchAll(/^\[\d+\]:\s+(\S+)/gm)].map(([, value]) => value ?? "");
  };

  it("finds the same floats and coils (mbpoll)", async () => {
    const built = house(newHouse({ seed: 4, startMs: Date.parse("2026-01-14T23:00:00Z") }));
    let nowS = built.state.atS;
    const simulator = await startModbusHouse({ house: built, port: 0, catchUp: () => void built.runTo(nowS) });
    onTestFinished(() => simulator.close());
    const bus = modbusSerialBus({ kind: "tcp", host: "127.0.0.1", port: simulator.port });
    onTestFinished(() => bus.close());
    built.state.room.temperatureC = 19;
    await modbusCoil({ name: "pump", bus, unit: relayUnit, coil: 2, inverted: false }).set(true);
    nowS += 1800;
    const reading = await sdm630({
      name: "pump",
      bus,
      unit: subMeterUnit,
      pollMs: 5000,
      stamp: () => ({ receivedMs: 1, clockSynced: true }),
    }).read();
    expect(await poll(simulator.port, relayUnit, "0", 0, 3)).toEqual(["0", "0", "1"]);
    expect(await poll(simulator.port, subMeterUnit, "3:float", 0x34, 1)).toEqual([String(reading.powerW)]);
    const [kwh] = await poll(simulator.port, subMeterUnit, "3:float", 0x48, 1);
    expect(Math.round(Number(kwh) * 1000)).toBe(reading.importWh);
    expect(reading).toMatchObject({ powerW: 2500, importWh: 1250 });
  });

  it("is refused with an exception where the simulator has nothing (mbpoll)", async () => {
    const simulator = await startModbusHouse({
      house: house(newHouse({ seed: 4, startMs: 0 })),
      port: 0,
      catchUp: () => undefined,
    });
    onTestFinished(() => simulator.close());
    await expect(poll(simulator.port, relayUnit, "0", 9, 1)).rejects.toMatchObject({
      stderr: expect.stringMatching(/Illegal data address/i),
    });
  });
});
