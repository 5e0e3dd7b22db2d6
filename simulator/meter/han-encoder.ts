/** What an Aidon-like HAN list says. Energy in Wh, power in W, import positive. */
export interface HanValues {
  meterId: string;
  /** Local time of the meter, seconds since 1970 as if local were UTC, and what to add to local time for UTC in minutes. */
  localS: number;
  deviationMinutes: number;
  importWh: number;
  exportWh: number;
  powerW: number;
  /** Voltage in tenths of a volt, current in tenths of an ampere. */
  phases: readonly { dV: number; dA: number }[];
}

const u16 = (value: number): number[] => [(value >> 8) & 255, value & 255];
const u32 = (value: number): number[] => [...u16(Math.floor(value / 65536)), ...u16(value % 65536)];
const text = (value: string): number[] => [0x0a, value.length, ...Buffer.from(value, "latin1")];
const code = (...parts: [number, number, number, number, number, number]): number[] => [0x09, 6, ...parts];
const structure = (...members: number[][]): number[] => [0x02, members.length, ...members.flat()];
/** Scaler as int8, unit as enum (27 W, 30 Wh, 33 A, 35 V). */
const scaled = (scaler: number, unit: number): number[] => structure([0x0f, scaler & 255], [0x16, unit]);

function time(localS: number, deviationMinutes: number): number[] {
  const at = new Date(localS * 1000);
  const summer = deviationMinutes < -60 ? 0x80 : 0;
  return [
    0x09,
    12,
    ...u16(at.getUTCFullYear()),
    at.getUTCMonth() + 1,
    at.getUTCDate(),
    at.getUTCDay() || 7,
    at.getUTCHours(),
    at.getUTCMinutes(),
    at.getUTCSeconds(),
    0xff,
    ...u16(deviationMinutes & 0xffff),
    summer,
  ];
}

/** CRC-16/X-25, bit by bit. */
export function x25(bytes: readonly number[]): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >> 1) ^ 0x8408 : crc >> 1;
  }
  return crc ^ 0xffff;
}
const lowFirst = (value: number): number[] => [value & 255, value >> 8];

/** One HDLC frame with a data-notification in it, as bytes on the wire. @see IEC 62056-46, IEC 62056-5-3 */
export function encodeHan(values: HanValues): Buffer {
  const w = (obis: number[], value: number): number[] => structure(obis, [0x06, ...u32(value)], scaled(0, 27));
  const wh = (obis: number[], value: number): number[] => structure(obis, [0x06, ...u32(value)], scaled(0, 30));
  const items = [
    structure(code(1, 1, 0, 2, 129, 255), text("AIDON_V0001")),
    structure(code(0, 0, 96, 1, 0, 255), text(values.meterId)),
    structure(code(0, 0, 96, 1, 7, 255), text("6525")),
    structure(code(0, 0, 1, 0, 0, 255), time(values.localS, values.deviationMinutes)),
    w(code(1, 0, 1, 7, 0, 255), Math.max(0, values.powerW)),
    w(code(1, 0, 2, 7, 0, 255), Math.max(0, -values.powerW)),
    ...values.phases.map(({ dA }, at) => structure(code(1, 0, 31 + 20 * at, 7, 0, 255), [0x10, ...u16(dA)], scaled(-1, 33))),
    ...values.phases.map(({ dV }, at) => structure(code(1, 0, 32 + 20 * at, 7, 0, 255), [0x12, ...u16(dV)], scaled(-1, 35))),
    wh(code(1, 0, 1, 8, 0, 255), values.importWh),
    wh(code(1, 0, 2, 8, 0, 255), values.exportWh),
  ];
  const apdu = [0x0f, 0x40, 0, 0, 0, 0x00, 0x01, items.length, ...items.flat()];
  const information = [0xe6, 0xe7, 0x00, ...apdu];
  // Format, two addresses (one byte and two), control, HCS, FCS: all between the flags.
  const length = 2 + 1 + 2 + 1 + 2 + information.length + 2;
  const header = [0xa0 | (length >> 8), length & 255, 0x41, 0x08, 0x83, 0x13];
  const covered = [...header, ...lowFirst(x25(header)), ...information];
  return Buffer.from([0x7e, ...covered, ...lowFirst(x25(covered)), 0x7e]);
}
