import { shownWh } from "../house/energy-counters.ts";
import type { House } from "../house/house.ts";
import { ModbusRefusal, type ModbusUnit } from "./modbus-tcp-server.ts";
import { sunspecBase, sunspecHead } from "./sunspec-head.ts";

/** Words of the single-phase inverter, without id and length. */
const inverterWords = 50;
const gridV = 231;
const notImplemented = 0xffff;

/**
 * The inverter of a house's solar panels as a SunSpec device: marker, models 1 and 101, end. Own encoder.
 * @param catchUp called before each answer, so that the house is at the present
 * @see SunSpec Device Information Model Specification 6; models 1 and 101
 */
export function sunspecInverter(house: House, serial: string, catchUp: () => void): ModbusUnit {
  return {
    readHoldings(address, count) {
      catchUp();
      const image = inverterImage(house, serial);
      const start = (address - sunspecBase) * 2;
      if (start < 0 || start + count * 2 > image.length) throw new ModbusRefusal(2);
      return image.subarray(start, start + count * 2);
    },
  };
}

function inverterImage(house: House, serial: string): Buffer {
  const words = sunspecHead("Simulated inverter", serial);
  words.push(101, inverterWords);
  const model = Array.from({ length: inverterWords }, () => notImplemented);
  const powerW = house.power().solar;
  const wh = shownWh(house.state.solarJ);
  const set = (offset: number, ...values: number[]): void =>
    void model.splice(offset, values.length, ...values.map((value) => value & 0xffff));
  // Currents in hundredths, voltage in tenths; each group with its power of ten behind it.
  set(0, Math.round((powerW / gridV) * 100), Math.round((powerW / gridV) * 100));
  set(4, -2);
  set(8, gridV * 10);
  set(11, -1, powerW, 0, 5000, -2);
  set(22, Math.floor(wh / 65_536), wh % 65_536, 0);
  words.push(...model, 0xffff, 0);
  const image = Buffer.alloc(words.length * 2);
  for (const [at, word] of words.entries()) image.writeUInt16BE(word, at * 2);
  return image;
}
