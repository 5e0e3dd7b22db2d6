import type { PhaseReading, Reading } from "../../../core/reading.ts";
import { energyWhAt, figureAt, powerWAt, type Decimal } from "../decimal.ts";
import {
  counterSlot,
  exportSlot,
  importSlot,
  mostTariffs,
  phaseSlot,
  slotOf,
  slots,
  slotsOfPhase,
} from "../electricity-slots.ts";

/** Where the value of each electricity register stands in the telegram, each in its own slot; 0 where there is none. */
export type Registers = number[];

const empty: Registers = Array.from({ length: 2 * slots }, () => 0);

/** No register yet. The second half of the table is for channel 1. */
export function noRegisters(): Registers {
  return empty.slice();
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
interface Counter {
  /** Total; null where the telegram has none or a line of it cannot be read. */
  wh: number | null;
  /** True where a line of it stands there and cannot be read. */
  hurt: boolean;
  hasTotal: boolean;
  /** How many tariffs it has. */
  tariffs: number;
}

/** The counter 1.8.0 or 2.8.0, with its tariffs into `tariffs`. */
function counter(
  bytes: Uint8Array,
  registers: Registers,
  side: "importWh" | "exportWh",
  tariffs: Reading["tariffs"],
  scratch: Decimal,
): Counter {
  const slot = counterSlot(side);
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
    (tariffs[tariff] ??= {})[side] = wh;
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

/** The counters of both sides. */
export interface Counters {
  import: Counter;
  export: Counter;
  /** True where a line of them stands there and cannot be read, or is missing. */
  hurt: boolean;
}

/** The counters 1.8.0 and 2.8.0, with their tariffs into `tariffs`. */
export function counters(bytes: Uint8Array, registers: Registers, tariffs: Reading["tariffs"], scratch: Decimal): Counters {
  const importing = counter(bytes, registers, "importWh", tariffs, scratch);
  const exporting = counter(bytes, registers, "exportWh", tariffs, scratch);
  // A meter counts import and export by the same tariffs: where one side has fewer and no total, a line of it was hurt.
  const most = Math.max(importing.tariffs, exporting.tariffs);
  for (const side of [importing, exporting])
    if (!side.hasTotal && side.tariffs > 0 && side.tariffs < most) {
      side.wh = null;
      side.hurt = true;
    }
  return { import: importing, export: exporting, hurt: importing.hurt || exporting.hurt };
}

/** Net power of the connection, W. */
export function totalW(bytes: Uint8Array, registers: Registers, scratch: Decimal): number | null {
  return net(bytes, valueAt(registers, importSlot), valueAt(registers, exportSlot), scratch);
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
    const slot = phaseSlot + slotsOfPhase * phase;
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
