import { encodeHan } from "../../simulator/meter/han-encoder.ts";
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

/** Good frames of every family, each by itself; the fuzzer hurts them. */
export const seeds: readonly { name: string; bytes: Buffer }[] = [
  { name: "P1 with CRC", bytes: telegram(dsmr5Lines) },
  { name: "P1 without CRC", bytes: telegram(dsmr2Lines, "none") },
  { name: "P1 encrypted", bytes: generalGlo(telegram(dsmr5Lines), { counter: 4711 }) },
  { name: "P1 encrypted without tag", bytes: generalGlo(telegram(dsmr5Lines), { counter: 4712, security: 0x20 }) },
  { name: "HAN in HDLC", bytes: han },
];

export const seedKeys = testKeys;
