/** What a DSMR 5 telegram says. Energy in Wh, power in W, import positive. */
export interface P1Values {
  /** Manufacturer and type, such as "SIM5\2SMA-0001". */
  ident: string;
  /** Serial numbers as text; the wire carries them as hex. */
  meterId: string;
  gasId: string;
  atS: number;
  /** Seconds that the meter's clock is ahead of UTC: 7200 makes it summer time. */
  offsetS: number;
  /** Tariff that counts now. */
  tariff: 1 | 2;
  importWh: readonly [number, number];
  exportWh: readonly [number, number];
  powerW: number;
  phases: readonly { voltageV: number; powerW: number }[];
  gasDm3: number;
}

const hex = (text: string): string => Buffer.from(text, "latin1").toString("hex").toUpperCase();
/** Thousandths with so many digits before the point: (3215, 2) is "03.215". */
const milli = (value: number, digits: number): string =>
  `${String(Math.floor(value / 1000)).padStart(digits, "0")}.${String(value % 1000).padStart(3, "0")}`;

/** Time of the meter: local, with S or W. */
export function p1TimeText(atS: number, offsetS: number): string {
  const text = new Date((atS + offsetS) * 1000).toISOString();
  return `${text.slice(2, 19).replaceAll(/[-:T]/g, "")}${offsetS === 7200 ? "S" : "W"}`;
}

/** CRC-16/ARC, four bits at a time. */
export function crc16Arc(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    crc = (crc >> 4) ^ (nibbles[crc & 15] ?? 0);
    crc = (crc >> 4) ^ (nibbles[crc & 15] ?? 0);
  }
  return crc;
}
const nibbles = [
  0x0000, 0xcc01, 0xd801, 0x1400, 0xf001, 0x3c00, 0x2800, 0xe401, 0xa001, 0x6c00, 0x7800, 0xb401, 0x5000, 0x9c01, 0x8801, 0x4400,
];

/** A whole telegram as bytes on the wire. @see DSMR 5.0.2 P1 companion standard 6 */
export function encodeP1(values: P1Values): Buffer {
  const { importWh, exportWh, phases, atS, offsetS } = values;
  const importing = (powerW: number): string => milli(Math.max(0, powerW), 2);
  const exporting = (powerW: number): string => milli(Math.max(0, -powerW), 2);
  const perPhase = (group: number, write: (phase: P1Values["phases"][number]) => string): string[] =>
    phases.map((phase, at) => `1-0:${group + 20 * at}.7.0(${write(phase)})`);
  // DSMR 5 gives gas every five minutes.
  const gasAtS = atS - (atS % 300);
  const lines = [
    `/${values.ident}`,
    "",
    "1-3:0.2.8(50)",
    `0-0:1.0.0(${p1TimeText(atS, offsetS)})`,
    `0-0:96.1.1(${hex(values.meterId)})`,
    `1-0:1.8.1(${milli(importWh[0], 6)}*kWh)`,
    `1-0:1.8.2(${milli(importWh[1], 6)}*kWh)`,
    `1-0:2.8.1(${milli(exportWh[0], 6)}*kWh)`,
    `1-0:2.8.2(${milli(exportWh[1], 6)}*kWh)`,
    `0-0:96.14.0(000${values.tariff})`,
    `1-0:1.7.0(${importing(values.powerW)}*kW)`,
    `1-0:2.7.0(${exporting(values.powerW)}*kW)`,
    "0-0:96.7.21(00003)",
    "0-0:96.7.9(00001)",
    "1-0:99.97.0(0)(0-0:96.7.19)",
    ...phases.map((_, at) => `1-0:${32 + 20 * at}.32.0(00000)`),
    ...phases.map((_, at) => `1-0:${32 + 20 * at}.36.0(00000)`),
    "0-0:96.13.0()",
    ...perPhase(32, (phase) => `${phase.voltageV.toFixed(1)}*V`),
    ...perPhase(31, (phase) => `${String(Math.round(Math.abs(phase.powerW) / phase.voltageV)).padStart(3, "0")}*A`),
    ...perPhase(21, (phase) => `${importing(phase.powerW)}*kW`),
    ...perPhase(22, (phase) => `${exporting(phase.powerW)}*kW`),
    "0-1:24.1.0(003)",
    `0-1:96.1.0(${hex(values.gasId)})`,
    `0-1:24.2.1(${p1TimeText(gasAtS, offsetS)})(${milli(values.gasDm3, 5)}*m3)`,
    "!",
  ];
  const body = Buffer.from(lines.join("\r\n"), "latin1");
  return Buffer.concat([body, Buffer.from(`${crc16Arc(body).toString(16).toUpperCase().padStart(4, "0")}\r\n`, "latin1")]);
}
