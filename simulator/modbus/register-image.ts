import { ModbusRefusal, type ModbusUnit } from "./modbus-tcp-server.ts";

/** One value of a device: stored is value / mul, in words of two bytes. CDAB puts the low word first. */
export interface ImageRegister {
  address: number;
  type: "u16" | "s16" | "u32" | "s32" | "u64" | "s64" | "f32" | "f64";
  order: "ABCD" | "CDAB";
  mul: number;
  value: number;
}

/** 16-bit words by their address; what is not in it the device does not have. */
export type RegisterImage = ReadonlyMap<number, number>;

/** Lays values out as a device does. Own encoder, so that it does not share mistakes with the drivers. */
export function registerImage(registers: readonly ImageRegister[]): RegisterImage {
  const image = new Map<number, number>();
  for (const register of registers) {
    const words = encode(register);
    if (register.order === "CDAB") words.reverse();
    for (const [at, word] of words.entries()) image.set(register.address + at, word);
  }
  return image;
}

/**
 * A device that holds an image for one function and refuses addresses that are not in it, or says 0 there.
 * @param options.holes "refuse" answers exception 2 where a request touches a word that is not there
 */
export function imageUnit(image: RegisterImage, options: { functionCode: 3 | 4; holes: "refuse" | "zero" }): ModbusUnit {
  const read = (address: number, count: number): Buffer => {
    const bytes = Buffer.alloc(count * 2);
    for (let at = 0; at < count; at++) {
      const word = image.get(address + at);
      if (word === undefined && options.holes === "refuse") throw new ModbusRefusal(2);
      bytes.writeUInt16BE(word ?? 0, at * 2);
    }
    return bytes;
  };
  return options.functionCode === 3 ? { readHoldings: read } : { readInputs: read };
}

/** Words from high to low. */
function encode({ type, value, mul }: ImageRegister): number[] {
  const kind = type[0];
  const bits = Number(type.slice(1));
  if (kind === "f") {
    const view = new DataView(new ArrayBuffer(bits / 8));
    if (bits === 32) view.setFloat32(0, stored(value, mul));
    else view.setFloat64(0, stored(value, mul));
    return Array.from({ length: bits / 16 }, (_, at) => view.getUint16(at * 2));
  }
  const whole = BigInt.asUintN(bits, BigInt(Math.round(stored(value, mul))));
  return Array.from({ length: bits / 16 }, (_, at) => Number((whole >> BigInt(bits - 16 * (at + 1))) & 0xffffn));
}

/** Without the noise of a division: 230.1 / 0.1 is 2300.9999999999995. */
const stored = (value: number, mul: number): number => Number((value / mul).toPrecision(15));
