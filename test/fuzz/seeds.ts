import { encodeHan } from "../../simulator/meter/han-encoder.ts";
import { encodePush, encodeReadout } from "../../simulator/meter/iec-meter.ts";
import { generalGlo, testKeys } from "../fake/general-glo.ts";
import { dsmr2Lines, dsmr5Lines, telegram } from "../fake/p1-telegram.ts";

const han = encodeHan({
  meterId: "7350000000000017",
  localS: Date.UTC(2026, 2, 3, 4, 5, 10) / 1000,
  deviationMinutes: -60,
  importWh: 34_567_890,
  exportWh: 1234,
  powerW: -2500,
  phases: [
    { dV: 2301, dA: 42 },
    { dV: 2312, dA: 0 },
    { dV: 2323, dA: 7 },
  ],
});

const iecLines = ["F.F(00000000)", "0.0.0(40712345)", "1.8.0(001234.567*kWh)", "1.8.0*01(001000.000*kWh)", "2.8.0(0000,250*kWh)"];

/** Good frames of every family, each by itself; the fuzzer hurts them. */
export const seeds: readonly { name: string; bytes: Buffer }[] = [
  { name: "P1 with CRC", bytes: telegram(dsmr5Lines) },
  { name: "P1 without CRC", bytes: telegram(dsmr2Lines, "none") },
  { name: "P1 encrypted", bytes: generalGlo(telegram(dsmr5Lines), { counter: 4711 }) },
  { name: "P1 encrypted without tag", bytes: generalGlo(telegram(dsmr5Lines), { counter: 4712, security: 0x20 }) },
  { name: "HAN in HDLC", bytes: han },
  { name: "IEC session", bytes: Buffer.concat([Buffer.from("/?!\r\n/SIM5OPT-1\r\n\x06050\r\n"), encodeReadout(iecLines)]) },
  { name: "IEC push", bytes: encodePush("SIM0PUSH-1", iecLines) },
];

/** Keys of the encrypted ones. */
export const seedKeys = testKeys;
