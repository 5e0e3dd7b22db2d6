import type { RegisterMap } from "../register-map.ts";

export const socomec3ph: RegisterMap = {
  models: ["Socomec Countis (three-phase)", "Socomec Diris (three-phase)"],
  functionCode: 3,
  serialDefault: "9600 8N1",
  source: "OpenEMS/openems io.openems.edge.meter.socomec threephase",
  secondSource: null,
  notes: "No counters in this map, so nothing can be booked from it. The scale of the frequency is that of OpenEMS.",
  unverified: ["frequency"],
  registers: [
    { measurement: "voltageL1", address: 0xc558, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "V" },
    { measurement: "voltageL2", address: 0xc55a, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "V" },
    { measurement: "voltageL3", address: 0xc55c, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "V" },
    { measurement: "frequency", address: 0xc55e, words: 2, type: "u32", order: "ABCD", mul: 0.001, unit: "Hz" },
    { measurement: "currentL1", address: 0xc560, words: 2, type: "u32", order: "ABCD", mul: 0.001, unit: "A" },
    { measurement: "currentL2", address: 0xc562, words: 2, type: "u32", order: "ABCD", mul: 0.001, unit: "A" },
    { measurement: "currentL3", address: 0xc564, words: 2, type: "u32", order: "ABCD", mul: 0.001, unit: "A" },
    { measurement: "power", address: 0xc568, words: 2, type: "s32", order: "ABCD", mul: 10, unit: "W" },
    { measurement: "reactive", address: 0xc56a, words: 2, type: "s32", order: "ABCD", mul: 10, unit: "var" },
    { measurement: "powerL1", address: 0xc570, words: 2, type: "s32", order: "ABCD", mul: 10, unit: "W" },
    { measurement: "powerL2", address: 0xc572, words: 2, type: "s32", order: "ABCD", mul: 10, unit: "W" },
    { measurement: "powerL3", address: 0xc574, words: 2, type: "s32", order: "ABCD", mul: 10, unit: "W" },
  ],
};
