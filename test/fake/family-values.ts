import type { Register, RegisterMap } from "../../drivers/meter/modbus/register-map.ts";
import type { ImageRegister } from "../../simulator/modbus/register-image.ts";

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** What a home's meter may say, by unit. */
const ranges: Record<Register["unit"], [number, number]> = {
  V: [207, 253],
  A: [0, 60],
  W: [-9000, 9000],
  kW: [0, 20],
  VA: [0, 9000],
  var: [-3000, 3000],
  kWh: [0, 99_999],
  kvarh: [0, 9999],
  Hz: [49.8, 50.2],
  deg: [0, 90],
  "": [-1, 1],
};
const signless = new Set(["u16", "u32", "u64"]);

/** Random plausible values for all registers of a family, each exactly what its type and scale can hold. */
export function familyValues(map: RegisterMap, random: () => number): (ImageRegister & Pick<Register, "measurement">)[] {
  return map.registers.map(({ measurement, address, type, order, mul, unit }) => {
    const [from, to] = ranges[unit];
    const least = signless.has(type) || measurement.endsWith("Power") ? Math.max(from, 0) : from;
    const wanted = least + random() * (to - least);
    const exponent = Math.round(Math.log10(mul));
    const raw = type === "f32" ? floatOf(wanted / mul) : Math.round(wanted / mul);
    const value = Number(`${raw}e${exponent}`);
    return { measurement, address, type, order, mul, value: value + 0 };
  });
}

/** A number of few digits that a float of 32 bits shows as it is: beyond 2^24 only some whole ones do. */
const floatOf = (wanted: number): number => {
  const short = Number(wanted.toPrecision(6));
  return Math.abs(short) > 2 ** 24 ? Math.fround(short) : short;
};
