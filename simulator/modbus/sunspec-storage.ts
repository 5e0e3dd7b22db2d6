import { batteryPercent, batteryRatedW, tellBattery } from "../house/house-battery.ts";
import type { House } from "../house/house.ts";
import { ModbusRefusal, type ModbusUnit } from "./modbus-tcp-server.ts";
import { commonWords, sunspecBase, sunspecHead } from "./sunspec-head.ts";

const storageWords = 24;
const [none, noScale] = [0xffff, 0x8000];
/** First word of model 124, its id; and words by their offset from it. */
const storage = sunspecBase + 2 + 2 + commonWords;
const at = { wChaMax: 2, storCtlMod: 5, chaState: 8, outWRte: 12, inWRte: 13, revertS: 15, chaGriSet: 17 };
/** Counts of 100 %, which all have a scale of -2. */
const full = 10_000;

/**
 * The inverter of a house's battery as a SunSpec device: marker, models 1 and 124, end. Own encoder. A power is held by two limits
 * that are the same, one of them negative; with StorCtl_Mod it takes over what stands there.
 * @param catchUp called before each answer, so that the house is at the present
 * @see SunSpec Device Information Model Specification 6; models 1 and 124
 */
export function sunspecStorage(house: House, serial: string, catchUp: () => void): ModbusUnit {
  /** What was written, by its offset. */
  const written = new Map<number, number>([
    [at.storCtlMod, 0],
    [at.outWRte, full],
    [at.inWRte, full],
    [at.revertS, 0],
    [at.chaGriSet, 1],
  ]);
  const word = (offset: number): number => written.get(offset) ?? 0;
  const signed = (value: number): number => (value << 16) >> 16;
  const take = (): void => {
    const { battery, atS } = house.state;
    if (!battery) return;
    battery.revertS = word(at.revertS);
    const held = signed(word(at.outWRte)) === -signed(word(at.inWRte)) && word(at.storCtlMod) === 3;
    tellBattery(battery, held ? Math.round((signed(word(at.inWRte)) / full) * batteryRatedW) : null, atS);
  };
  return {
    readHoldings(address, count) {
      catchUp();
      const { battery } = house.state;
      // It has gone back to its own way by itself.
      if (battery?.toldW === null) written.set(at.storCtlMod, 0);
      const image = storageImage(serial, battery ? batteryPercent(battery) : 0, word);
      const start = (address - sunspecBase) * 2;
      if (start < 0 || start + count * 2 > image.length) throw new ModbusRefusal(2);
      return image.subarray(start, start + count * 2);
    },
    writeHoldings(address, values) {
      catchUp();
      const offsets = values.map((_, index) => address - storage + index);
      if (!offsets.every((offset) => written.has(offset))) throw new ModbusRefusal(2);
      for (const [index, offset] of offsets.entries()) written.set(offset, values[index] ?? 0);
      if (offsets.includes(at.storCtlMod)) take();
    },
  };
}

function storageImage(serial: string, percent: number, word: (offset: number) => number): Buffer {
  const words = sunspecHead("Simulated battery", serial);
  const model = [124, storageWords, ...Array.from({ length: storageWords }, () => 0)];
  for (const offset of [6, 14, 16]) model[offset] = none;
  // ChaState, and the percents, in hundredths.
  for (const [offset, value] of [
    [at.wChaMax, batteryRatedW],
    [at.chaState, Math.round(percent * 100)],
    [20, noScale],
    [22, -2 & 0xffff],
    [25, -2 & 0xffff],
  ] as const)
    model[offset] = value;
  for (const offset of [at.storCtlMod, at.outWRte, at.inWRte, at.revertS, at.chaGriSet]) model[offset] = word(offset);
  words.push(...model, none, 0);
  const image = Buffer.alloc((words.length + 70) * 2);
  for (const [place, value] of words.entries()) image.writeUInt16BE(value, place * 2);
  return image;
}
