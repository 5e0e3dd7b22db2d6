import type { Reading } from "../../../core/reading.ts";
import { checkedReading } from "../checked-reading.ts";
import { newDecimal, powerWAt, type Decimal } from "../decimal.ts";
import { counters, noRegisters, phases, register, totalW } from "../dsmr/p1-electricity.ts";
import { valuesAt } from "../dsmr/p1-objects.ts";
import { iecLines, type IecLine } from "./iec-lines.ts";
import { iecTime, type IecZone } from "./iec-time.ts";

/** What a reading has that does not stand in the readout. */
export interface IecContext {
  /** Name in the configuration. */
  meter: string;
  zone: IecZone;
  /** Whether a check character held. */
  checked: boolean;
  /** When its last byte came, ms since 1970. */
  receivedMs: number;
  clockSynced: boolean;
}

const time = 0x00_09_01;
const date = 0x00_09_02;
/** Date and time in one value. */
const moments = [0x00_09_04, 0x01_00_00];
/** Where meters write their number, the best first: device address 0.0.0, serial numbers C.1.0 (96.1.0) and C.1.1. */
const numbers = [0x00_00_00, 0x60_01_00, 0x60_01_01];
/** Power with sign, import positive. */
const netPower = 0x10_07_00;
const minus = 0x2d;
/** A line that begins like a counter and cannot be read. */
const counterLine = /^(?:1-[01]:)?[12]\.8(?![\d])/;

/**
 * What a readout says, as a Reading. Values of past billing periods are left out; where the meter gives no total it is
 * the sum of the tariffs, but only of a complete set.
 * @param bytes data lines, 7 bits a character
 * @throws AppError meter-impossible-reading
 */
export function iecReading(bytes: Uint8Array, context: IecContext): Reading {
  const registers = noRegisters();
  const scratch = newDecimal();
  const firsts = new Map<number, IecLine>();
  const { lines, badLines } = iecLines(bytes);
  for (const line of lines) {
    if (line.history !== "" || line.group > 0x01_01) continue;
    if (!firsts.has(line.code)) firsts.set(line.code, line);
    if (line.group >= 0x01_00) register(registers, line.group, line.code, line.start);
  }
  const textOf = (code: number): string | undefined => {
    const line = firsts.get(code);
    return line && valuesAt(bytes, line.start, line.end)[0]?.text.trim();
  };
  const tariffs: Reading["tariffs"] = {};
  const counted = counters(bytes, registers, tariffs, scratch);
  const hurt = counted.hurt || badLines.some((line) => counterLine.test(line));
  return checkedReading({
    meter: context.meter,
    meterId: numbers.map(textOf).find((text) => text !== undefined && /[^0 .-]/.test(text)) ?? null,
    receivedMs: context.receivedMs,
    meterMs: meterTime(textOf, context.zone),
    clockSynced: context.clockSynced,
    quality: hurt ? "suspect" : context.checked ? "valid" : "unchecked",
    importWh: counted.import.wh,
    exportWh: counted.export.wh,
    tariffs,
    powerW: totalW(bytes, registers, scratch) ?? signedW(bytes, firsts.get(netPower), scratch),
    phases: phases(bytes, registers, scratch),
    subMeters: [],
  });
}

function meterTime(textOf: (code: number) => string | undefined, zone: IecZone): number | null {
  const [clock, day] = [textOf(time), textOf(date)];
  if (clock !== undefined && day !== undefined) return iecTime(day, clock, zone);
  for (const code of moments) {
    const both = /^([\d-]*\d\d-?\d\d)[ ,T]?(\d\d:?\d\d:?\d\d)$/.exec(textOf(code) ?? "");
    if (both) return iecTime(both[1] ?? "", both[2] ?? "", zone);
  }
  return null;
}

function signedW(bytes: Uint8Array, line: IecLine | undefined, scratch: Decimal): number | null {
  if (!line) return null;
  const negative = bytes[line.start + 1] === minus;
  const watts = powerWAt(bytes, line.start + (negative ? 2 : 1), scratch);
  return watts === undefined ? null : negative ? 0 - watts : watts;
}
