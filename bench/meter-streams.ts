import { encodeHan } from "../simulator/meter/han-encoder.ts";
import { encodeP1 } from "../simulator/meter/p1-encoder.ts";

/** Telegrams of one family, each with other figures, and the same as one stream. */
export interface MeterStream {
  telegrams: readonly Buffer[];
  stream: Buffer;
}

const startS = Date.UTC(2026, 0, 12, 8) / 1000;
const joined = (telegrams: Buffer[]): MeterStream => ({ telegrams, stream: Buffer.concat(telegrams) });

/** A DSMR 5 three-phase meter with gas, as it sends them second by second. */
export function dsmr5Stream(count: number): MeterStream {
  return joined(
    Array.from({ length: count }, (_, at) =>
      encodeP1({
        ident: "SIM5\\2BENCH",
        meterId: "SIMBENCH0001",
        gasId: "SIMGASBENCH01",
        atS: startS + at,
        offsetS: 3600,
        tariff: 2,
        importWh: [4_567_890 + at, 3_456_789],
        exportWh: [123_456, 234_567 + at],
        powerW: 1500 + at,
        phases: [0, 1, 2].map((phase) => ({ voltageV: 229 + phase + at / 10, powerW: 500 + at })),
        gasDm3: 2_345_678,
      }),
    ),
  );
}

/** An Aidon-like Nordic meter over HAN, the hourly list with counters. */
export function hanStream(count: number): MeterStream {
  return joined(
    Array.from({ length: count }, (_, at) =>
      encodeHan({
        meterId: "7359990000000001",
        localS: startS + 3600 + 10 * at,
        deviationMinutes: -60,
        importWh: 12_345_678 + at,
        exportWh: 23_456,
        powerW: 2400 + at,
        phases: [0, 1, 2].map((phase) => ({ dV: 2300 + phase, dA: 35 + at })),
      }),
    ),
  );
}
