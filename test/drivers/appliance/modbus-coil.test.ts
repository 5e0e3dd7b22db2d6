import { expect, it, onTestFinished } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { modbusCoil } from "../../../drivers/appliance/modbus-coil.ts";
import { modbusSerialBus } from "../../../drivers/bus/modbus-serial-bus.ts";
import { modbusSlave } from "../../fake/modbus-slave.ts";

async function board(inverted: boolean, stuck = false) {
  const coils = new Map<number, boolean>();
  const slave = await modbusSlave("tcp", (request) => {
    const address = request.readUInt16BE(2);
    if (request[1] === 1) return Buffer.from([request[0] ?? 0, 1, 1, coils.get(address) ? 1 : 0]);
    if (!stuck) coils.set(address, request.readUInt16BE(4) === 0xff00);
    return request;
  });
  onTestFinished(() => slave.close());
  const bus = modbusSerialBus({ kind: "tcp", host: "127.0.0.1", port: slave.port });
  onTestFinished(() => bus.close());
  return { coils, relay: modbusCoil({ name: "boiler", bus, unit: 10, coil: 4, inverted }) };
}

it.each([false, true])("closes and opens the contact and reads it back, inverted %s", async (inverted) => {
  const { coils, relay } = await board(inverted);
  expect(await relay.isClosed()).toBe(inverted);
  await relay.set(true);
  expect(coils.get(4)).toBe(!inverted);
  expect(await relay.isClosed()).toBe(true);
  await relay.set(false);
  expect(coils.get(4)).toBe(inverted);
  expect(await relay.isClosed()).toBe(false);
});

it("says so when the contact stays as it was", async () => {
  const { relay } = await board(false, true);
  expect(await relay.set(true).then(() => "switched", errorCode)).toBe("relay-not-switched");
});
