import { expect, it, onTestFinished } from "vitest";
import { modbusSerialBus } from "../../../../drivers/bus/modbus-serial-bus.ts";
import { blockReader, valuesIn } from "../../../../drivers/meter/modbus/block-reader.ts";
import { figure } from "../../../../drivers/meter/modbus/decode-register.ts";
import { families } from "../../../../drivers/meter/modbus/families.ts";
import { familyNames } from "../../../../drivers/meter/modbus/family-names.ts";
import { modbusMeter } from "../../../../drivers/meter/modbus/modbus-meter.ts";
import type { RegisterMap } from "../../../../drivers/meter/modbus/register-map.ts";
import { startModbusTcpServer } from "../../../../simulator/modbus/modbus-tcp-server.ts";
import { imageUnit, registerImage } from "../../../../simulator/modbus/register-image.ts";
import { familyValues, seeded } from "../../../fake/family-values.ts";

for (const holes of ["refuse", "zero"] as const)
  it.each(familyNames)(`%s: every register comes back as it was set, where holes are answered with ${holes}`, async (name) => {
    const map: RegisterMap = families[name];
    const read = map.functionCode === 3 ? "readHoldingRegisters" : "readInputRegisters";
    const random = seeded(familyNames.indexOf(name) + 1);
    for (let round = 0; round < 3; round++) {
      const set = familyValues(map, random);
      const unit = imageUnit(registerImage(set), { functionCode: map.functionCode, holes });
      const server = await startModbusTcpServer(0, new Map([[7, unit]]));
      onTestFinished(() => server.close());
      const bus = modbusSerialBus({ kind: "tcp", host: "127.0.0.1", port: server.port });
      onTestFinished(() => bus.close());

      const blocks = await blockReader(map.registers, map, (address, count) => bus[read](7, address, count))();
      const values = valuesIn(map.registers, blocks);
      const got = map.registers.map(({ measurement }) => {
        const sample = values.get(measurement);
        return [measurement, sample && figure(sample)];
      });
      expect(got).toEqual(set.map(({ measurement, value }) => [measurement, value]));

      const valueOf = (measurement: string): number | null =>
        set.find((register) => register.measurement === measurement)?.value ?? null;
      const meter = modbusMeter({
        name,
        bus,
        family: name,
        unit: 7,
        pollMs: 1000,
        stamp: () => ({ receivedMs: 0, clockSynced: true }),
      });
      await meter.read();
      const reading = await meter.read();
      const wh = (kwh: number | null): number | null => (kwh === null ? null : Math.round(Number((kwh * 1000).toPrecision(12))));
      expect(reading).toMatchObject({
        quality: "valid",
        importWh: wh(valueOf("import")),
        exportWh: wh(valueOf("export")),
      });
      expect(reading.powerW).not.toBeNull();
    }
  });
