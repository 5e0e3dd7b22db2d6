import { expect, it, onTestFinished } from "vitest";
import { errorCode } from "../../../core/app-error.ts";
import { ModbusCoilOptions, modbusCoil } from "../../../drivers/appliance/modbus-coil.ts";
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

/** A Waveshare board: coils, and function 5 at 0x0200 + coil and 0x0400 + coil, which it undoes by itself. */
async function waveshare(framing: "tcp" | "rtu", options: { inverted?: boolean; coil?: number; deaf?: boolean } = {}) {
  const coils = new Map<number, boolean>();
  const asked: string[] = [];
  const { inverted = false, coil = 3, deaf = false } = options;
  const slave = await modbusSlave(framing, (request) => {
    const [address, value] = [request.readUInt16BE(2), request.readUInt16BE(4)];
    if (request[1] === 1) return Buffer.from([request[0] ?? 0, 1, 1, coils.get(address) ? 1 : 0]);
    asked.push(request.toString("hex"));
    if (deaf) return Buffer.from([request[0] ?? 0, 0x85, 2]);
    coils.set(address & 0xff, address < 0x100 ? value === 0xff00 : address < 0x400);
    return request;
  });
  onTestFinished(() => slave.close());
  const kind = framing === "tcp" ? "tcp" : "rtu-over-tcp";
  const bus = modbusSerialBus({ kind, host: "127.0.0.1", port: slave.port }, { timeoutMs: 800 });
  onTestFinished(() => bus.close());
  return { coils, asked, relay: modbusCoil({ name: "boiler", bus, unit: 1, coil, inverted, timer: "waveshare" }) };
}

it.each(["tcp", "rtu"] as const)("closes the contact for a time that the board counts itself (%s)", async (framing) => {
  const { asked, relay } = await waveshare(framing);
  await relay.closeFor?.(900_000);
  expect(asked).toEqual(["010502032328"]);
  expect(await relay.isClosed()).toBe(true);
  await relay.closeFor?.(750);
  await relay.closeFor?.(3_276_799);
  await relay.closeFor?.(1);
  expect(asked.slice(1)).toEqual(["010502030007", "010502037fff", "010502030001"]);
  await relay.set(false);
  expect(await relay.isClosed()).toBe(false);
});

it("opens the coil for a time where the coil is on while the contact is open", async () => {
  const { asked, coils, relay } = await waveshare("rtu", { inverted: true, coil: 0 });
  coils.set(0, true);
  await relay.closeFor?.(60_000);
  expect(asked).toEqual(["010504000258"]);
  expect([coils.get(0), await relay.isClosed()]).toEqual([false, true]);
});

it("closes for no time beyond the board's timer, and says when the board knows no timer", async () => {
  const { asked, relay } = await waveshare("tcp");
  for (const ms of [3_276_800, 0, -1, NaN])
    expect(await relay.closeFor?.(ms).then(() => "closed", errorCode)).toBe("relay-bad-time");
  expect(asked).toEqual([]);
  const deaf = await waveshare("tcp", { deaf: true });
  expect(await deaf.relay.closeFor?.(1_000).then(() => "closed", errorCode)).toBe("modbus-exception");
});

it("says so when the contact did not close for the time", async () => {
  const { coils, relay } = await waveshare("tcp");
  coils.get = () => false;
  expect(await relay.closeFor?.(1_000).then(() => "closed", errorCode)).toBe("relay-not-switched");
});

it("has no timer unless it is told whose", async () => {
  expect((await board(false)).relay.closeFor).toBeUndefined();
  expect(ModbusCoilOptions.parse({ unit_id: 1, coil: 0 }).timer).toBe("none");
  expect(ModbusCoilOptions.parse({ unit_id: 1, coil: 0, timer: "waveshare" }).timer).toBe("waveshare");
});
