import type { PhaseReading, Reading } from "../../../core/reading.ts";
import { energyWhAt, figureAt, powerWAt, type Decimal } from "../decimal.ts";

/** Tariffs 1 to 8 are known; no country has more than four. */
const mostTariffs = 8;
/** Groups C of power in and out (1, 2; 21, 22 on), current (31) and voltage (32); those of the phases are 20 apart. */
const momentary = [1, 2, 21, 22, 31, 32, 41, 42, 51, 52, 61, 62, 71, 72];
const slotOfGroup = new Int8Array(256).fill(-1);
for (const [slot, group] of momentary.entries()) slotOfGroup[group] = slot;
/** Behind the momentary values: the counters C.8.0 to C.8.8 of import and export. */
const firstCounter = momentary.length;
const slots = firstCounter + 2 * (mostTariffs + 1);

/**
 * Where the value of each electricity register stands in the telegram, each in its own place; 0 where there is none.
 * A table and not a map, because a map costs more than all the rest of a telegram.
 */
export type Registers = number[];

const empty: Registers = Array.from({ length: 2 * slots }, () => 0);

/** No register yet. The second half of the table is for channel 1. */
export function noRegisters(): Registers {
  return empty.slice();
}

/** Place of C.7.0, C.8.0 and C.8.t in the table; -1 for all else. */
function slotOf(code: number): number {
  const d = (code >>> 8) & 255;
  const e = code & 255;
  const c = code >>> 16;
  if (d === 7 && e === 0) return slotOfGroup[c] ?? -1;
  return d === 8 && (c === 1 || c === 2) && e <= mostTariffs ? firstCounter + (c - 1) * (mostTariffs + 1) + e : -1;
}

/**
 * Enters a line of group 1-0 or 1-1; of a repeated code the first counts.
 * @param start offset of the line's first "("
 */
export function register(registers: Registers, group: number, code: number, start: number): void {
  const slot = slotOf(code);
  if (slot < 0) return;
  const place = group === 0x01_00 ? slot : slots + slot;
  if (registers[place] === 0) registers[place] = start + 1;
}

/** Swiss meters put on channel 1 what others put on channel 0. */
function valueAt(registers: Registers, slot: number): number {
  return registers[slot] || (registers[slots + slot] ?? 0);
}

/** One counter of a telegram. */
export interface Counter {
  /** Total; null where the telegram has none or a line of it cannot be read. */
  wh: number | null;
  /** True where a line of it stands there and cannot be read. */
  hurt: boolean;
  hasTotal: boolean;
  /** How many tariffs it has. */
  tariffs: number;
}

/** The counter 1.8.0 or 2.8.0, with its tariffs into `tariffs`. */
export function counter(
  bytes: Uint8Array,
  registers: Registers,
  side: "importWh" | "exportWh",
  tariffs: Reading["tariffs"],
  scratch: Decimal,
): Counter {
  const slot = firstCounter + (side === "importWh" ? 0 : mostTariffs + 1);
  const wholeAt = valueAt(registers, slot);
  const given = wholeAt === 0 ? undefined : energyWhAt(bytes, wholeAt, scratch);
  let hurt = wholeAt !== 0 && given === undefined;
  let sum = 0;
  let highest = 0;
  let count = 0;
  for (let tariff = 1; tariff <= mostTariffs; tariff++) {
    const at = valueAt(registers, slot + tariff);
    if (at === 0) continue;
    const wh = energyWhAt(bytes, at, scratch);
    if (wh === undefined) {
      hurt = true;
      continue;
    }
    (tariffs[tariff] ??= { importWh: 0, exportWh: 0 })[side] = wh;
    sum += wh;
    highest = tariff;
    count++;
  }
  if (given !== undefined) return { wh: given, hurt: false, hasTotal: true, tariffs: count };
  if (count === 0 && !hurt) return { wh: null, hurt: false, hasTotal: false, tariffs: 0 };
  // A sum needs all tariffs from the first to the last: with one line hurt there is none.
  const complete = !hurt && highest === count;
  return { wh: complete ? sum : null, hurt: !complete, hasTotal: false, tariffs: count };
}

/** Net power of the connection, W. */
export function totalW(bytes: Uint8Array, registers: Registers, scratch: Decimal): number | null {
  return net(bytes, valueAt(registers, 0), valueAt(registers, 1), scratch);
}

/** Import less export. Null where the import is missing, or an export line stands there that cannot be read. */
function net(bytes: Uint8Array, importAt: number, exportAt: number, scratch: Decimal): number | null {
  if (importAt === 0) return null;
  const importW = powerWAt(bytes, importAt, scratch);
  if (importW === undefined) return null;
  if (exportAt === 0) return importW;
  const exportW = powerWAt(bytes, exportAt, scratch);
  return exportW === undefined ? null : importW - exportW;
}

/** Voltage, current (P1 gives it without sign) and net power of the phases that the meter tells of. */
export function phases(bytes: Uint8Array, registers: Registers, scratch: Decimal): PhaseReading[] {
  const found: PhaseReading[] = [];
  for (let phase = 0; phase < 3; phase++) {
    const slot = 2 + 4 * phase;
    const currentAt = valueAt(registers, slot + 2);
    const voltageAt = valueAt(registers, slot + 3);
    const powerW = net(bytes, valueAt(registers, slot), valueAt(registers, slot + 1), scratch);
    const voltageV = voltageAt === 0 ? undefined : figureAt(bytes, voltageAt, "V", scratch);
    const currentA = currentAt === 0 ? undefined : figureAt(bytes, currentAt, "A", scratch);
    if (voltageV === undefined && currentA === undefined && powerW === null) continue;
    while (found.length < phase) found.push({});
    const reading: PhaseReading = {};
    if (voltageV !== undefined) reading.voltageV = voltageV;
    if (currentA !== undefined) reading.currentA = currentA;
    if (powerW !== null) reading.powerW = powerW;
    found.push(reading);
  }
  return found;
}
