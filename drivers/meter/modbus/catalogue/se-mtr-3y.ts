import type { RegisterMap } from "../register-map.ts";

export const seMtr3y: RegisterMap = {
  models: ["SolarEdge SE-MTR-3Y"],
  functionCode: 4,
  serialDefault: "9600 8N1",
  source: "volkszaehler/mbmd meters/rs485/semtr3y.go",
  secondSource: null,
  notes:
    "No counter of all that is fed in, only one for each phase. Their sum is not it where the meter balances the phases, so export stays unknown.",
  registers: [
    { measurement: "sum", address: 0x03e8, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "kWh" },
    { measurement: "import", address: 0x03ea, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "kWh" },
    { measurement: "power", address: 0x03f0, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "W" },
    { measurement: "powerL1", address: 0x03f2, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "W" },
    { measurement: "powerL2", address: 0x03f4, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "W" },
    { measurement: "powerL3", address: 0x03f6, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "W" },
    { measurement: "voltageL1", address: 0x03fa, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "V" },
    { measurement: "voltageL2", address: 0x03fc, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "V" },
    { measurement: "voltageL3", address: 0x03fe, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "V" },
    { measurement: "frequency", address: 0x0408, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "Hz" },
    { measurement: "exportL1", address: 0x045c, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "kWh" },
    { measurement: "exportL2", address: 0x045e, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "kWh" },
    { measurement: "exportL3", address: 0x0460, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "kWh" },
    { measurement: "pf", address: 0x0472, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "" },
    { measurement: "currentL1", address: 0x048a, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "A" },
    { measurement: "currentL2", address: 0x048c, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "A" },
    { measurement: "currentL3", address: 0x048e, words: 2, type: "f32", order: "CDAB", mul: 1, unit: "A" },
  ],
};
