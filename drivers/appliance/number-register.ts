import type { ModbusBus } from "../bus/modbus-bus.ts";
import { decodeRegister } from "../meter/modbus/decode-register.ts";
import { wordsOf, type WordOrder } from "../meter/modbus/register-map.ts";

/** A number in one or two registers. */
export interface NumberRegister {
  kind: "holding" | "input";
  /** From 0, as on the wire. */
  address: number;
  type: "u16" | "s16" | "u32" | "s32" | "f32";
  /** Absent: high word first. */
  order?: WordOrder;
}

/** The number as it stands in the register. Null where the device says that it has none: NaN, or the figures that stand for it. */
export async function readNumber(bus: ModbusBus, unit: number, register: NumberRegister): Promise<number | null> {
  const { kind, address, type, order = "ABCD" } = register;
  const words = wordsOf[type];
  const bytes =
    kind === "holding"
      ? await bus.readHoldingRegisters(unit, address, words)
      : await bus.readInputRegisters(unit, address, words);
  return decodeRegister(bytes, { type, mul: 1, unit: "" }, order)?.raw ?? null;
}

/** Writes a holding register: one word by function 6, two in one request by function 16. */
export async function writeNumber(bus: ModbusBus, unit: number, register: NumberRegister, value: number): Promise<void> {
  const { address, type, order } = register;
  const bytes = Buffer.alloc(wordsOf[type] * 2);
  if (type === "f32") bytes.writeFloatBE(value);
  else if (type === "u16") bytes.writeUInt16BE(value);
  else if (type === "s16") bytes.writeInt16BE(value);
  else if (type === "u32") bytes.writeUInt32BE(value);
  else bytes.writeInt32BE(value);
  const words = Array.from({ length: wordsOf[type] }, (_, at) => bytes.readUInt16BE(at * 2));
  const [only = 0] = words;
  if (words.length === 1) await bus.writeRegister(unit, address, only);
  else await bus.writeRegisters(unit, address, order === "CDAB" ? words.toReversed() : words);
}
