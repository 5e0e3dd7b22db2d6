import { z } from "zod";
import { AppError } from "../../core/app-error.ts";
import type { ModbusBus } from "../bus/modbus-bus.ts";
import { WordOrder } from "../meter/modbus/register-map.ts";
import { readNumber, type NumberRegister } from "./number-register.ts";
import type { Sensor } from "./sensor.ts";

/** Options in YAML. Temperature = number in the register * `scale` + `offset`, °C. */
export const ModbusSensorOptions = z.strictObject({
  unit_id: z.int().min(1).max(247),
  register: z.enum(["input", "holding"]).default("input"),
  /** Number of the register as on the wire, from 0. */
  address: z.int().min(0).max(65_535),
  type: z.enum(["int16", "uint16", "float32"]).default("int16"),
  scale: z.number().default(0.1),
  offset: z.number().default(0),
  word_order: WordOrder.default("ABCD"),
});

/** Coldest and hottest that a sensor in a home can be, °C; beyond it is broken or not connected. */
const coldest = -50;
const hottest = 150;
const types = { int16: "s16", uint16: "u16", float32: "f32" } as const;
/** What many devices send where no sensor is connected. -0.1 °C is all ones in a signed register and a temperature. */
const noValue = { int16: [], uint16: [0x7fff, 0x8000], float32: [] } as const;

/** A temperature sensor in a Modbus register. Nothing is guessed where it has no value or one that cannot be. */
export function modbusSensor(options: {
  name: string;
  bus: ModbusBus;
  unit: number;
  register: NumberRegister["kind"];
  address: number;
  type: keyof typeof types;
  scale: number;
  offset: number;
  wordOrder?: WordOrder;
}): Sensor {
  const { name, bus, unit, register, address, type, scale, offset, wordOrder = "ABCD" } = options;
  const where = `sensor ${name} (unit ${unit}, ${register} register ${address} on ${bus.name})`;
  const none: readonly number[] = noValue[type];
  return {
    name,
    async read() {
      const raw = await readNumber(bus, unit, { kind: register, address, type: types[type], order: wordOrder });
      if (raw === null || none.includes(raw))
        throw new AppError("sensor-no-value", `${where} says that it has no value; is the sensor connected?`, {
          temporary: true,
        });
      const celsius = Number((raw * scale + offset).toFixed(3));
      if (!(celsius >= coldest && celsius <= hottest))
        throw new AppError(
          "sensor-implausible",
          `${where} reads ${celsius} °C, expected ${coldest} to ${hottest}; check address, type and scale`,
          { temporary: true },
        );
      return celsius;
    },
  };
}
