/**
 * What a register can hold, and its OBIS code; null where OBIS has none for it.
 * "sum" is the energy of both directions together, so never import. Reactive power is signed here: Q+ less Q-.
 * @see IEC 62056-6-1
 */
export const obisOf = {
  voltage: "1-0:12.7.0",
  voltageL1: "1-0:32.7.0",
  voltageL2: "1-0:52.7.0",
  voltageL3: "1-0:72.7.0",
  voltageAvgLN: null,
  current: "1-0:11.7.0",
  currentL1: "1-0:31.7.0",
  currentL2: "1-0:51.7.0",
  currentL3: "1-0:71.7.0",
  currentAvg: null,
  power: "1-0:16.7.0",
  powerL1: "1-0:36.7.0",
  powerL2: "1-0:56.7.0",
  powerL3: "1-0:76.7.0",
  importPower: "1-0:1.7.0",
  exportPower: "1-0:2.7.0",
  reactive: "1-0:3.7.0",
  reactiveL1: "1-0:23.7.0",
  reactiveL2: "1-0:43.7.0",
  reactiveL3: "1-0:63.7.0",
  apparent: "1-0:9.7.0",
  apparentL1: "1-0:29.7.0",
  apparentL2: "1-0:49.7.0",
  apparentL3: "1-0:69.7.0",
  pf: "1-0:13.7.0",
  pfL1: "1-0:33.7.0",
  pfL2: "1-0:53.7.0",
  pfL3: "1-0:73.7.0",
  frequency: "1-0:14.7.0",
  phaseAngle: null,
  import: "1-0:1.8.0",
  importL1: "1-0:21.8.0",
  importL2: "1-0:41.8.0",
  importL3: "1-0:61.8.0",
  importT1: "1-0:1.8.1",
  importT2: "1-0:1.8.2",
  export: "1-0:2.8.0",
  exportL1: "1-0:22.8.0",
  exportL2: "1-0:42.8.0",
  exportL3: "1-0:62.8.0",
  exportT1: "1-0:2.8.1",
  exportT2: "1-0:2.8.2",
  sum: "1-0:15.8.0",
  sumL1: "1-0:35.8.0",
  sumL2: "1-0:55.8.0",
  sumL3: "1-0:75.8.0",
  reactiveImport: "1-0:3.8.0",
  reactiveExport: "1-0:4.8.0",
  reactiveSum: null,
} as const satisfies Record<string, string | null>;

/** What a register can hold. */
export type Measurement = keyof typeof obisOf;

/** All of them, for schemas. */
export const measurements = Object.keys(obisOf) as Measurement[];
