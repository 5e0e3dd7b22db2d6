import type { RegisterMap } from "../register-map.ts";

export const ws100: RegisterMap = {
  models: ["B+G e-tech WS100"],
  functionCode: 3,
  serialDefault: "9600 8N1",
  source: "volkszaehler/mbmd meters/rs485/ws100.go",
  secondSource: null,
  notes: "",
  registers: [
    { measurement: "voltage", address: 0x0100, words: 2, type: "u32", order: "ABCD", mul: 0.001, unit: "V" },
    { measurement: "current", address: 0x0102, words: 2, type: "s32", order: "ABCD", mul: 0.001, unit: "A" },
    { measurement: "power", address: 0x0104, words: 2, type: "s32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "apparent", address: 0x0106, words: 2, type: "u32", order: "ABCD", mul: 1, unit: "VA" },
    { measurement: "reactive", address: 0x0108, words: 2, type: "s32", order: "ABCD", mul: 1, unit: "var" },
    { measurement: "frequency", address: 0x010a, words: 1, type: "u16", order: "ABCD", mul: 0.1, unit: "Hz" },
    { measurement: "pf", address: 0x010b, words: 1, type: "s16", order: "ABCD", mul: 0.001, unit: "" },
    { measurement: "import", address: 0x010e, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "kWh" },
    { measurement: "export", address: 0x0118, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "kWh" },
    { measurement: "sum", address: 0x0122, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "kWh" },
  ],
};
