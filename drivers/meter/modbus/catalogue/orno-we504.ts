import type { RegisterMap } from "../register-map.ts";

export const ornoWe504: RegisterMap = {
  models: ["ORNO OR-WE-504"],
  functionCode: 3,
  serialDefault: "9600 8N1",
  source: "volkszaehler/mbmd meters/rs485/orno1p504.go",
  secondSource: null,
  notes:
    "Its one counter (sum) is not known to leave out what flows back, and its power has no sign. So sum is not import, unless the installer says so (one_way).",
  mostPowerW: 32_767,
  registers: [
    { measurement: "voltage", address: 0x0000, words: 1, type: "u16", order: "ABCD", mul: 0.1, unit: "V" },
    { measurement: "current", address: 0x0001, words: 1, type: "u16", order: "ABCD", mul: 0.1, unit: "A" },
    { measurement: "frequency", address: 0x0002, words: 1, type: "u16", order: "ABCD", mul: 0.1, unit: "Hz" },
    { measurement: "power", address: 0x0003, words: 1, type: "u16", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "reactive", address: 0x0004, words: 1, type: "u16", order: "ABCD", mul: 1, unit: "var" },
    { measurement: "apparent", address: 0x0005, words: 1, type: "u16", order: "ABCD", mul: 1, unit: "VA" },
    { measurement: "pf", address: 0x0006, words: 1, type: "u16", order: "ABCD", mul: 0.001, unit: "" },
    { measurement: "sum", address: 0x0007, words: 2, type: "u32", order: "ABCD", mul: 0.001, unit: "kWh" },
    { measurement: "reactiveSum", address: 0x0009, words: 2, type: "u32", order: "ABCD", mul: 0.001, unit: "kvarh" },
  ],
};
