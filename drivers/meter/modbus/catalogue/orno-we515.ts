import type { RegisterMap } from "../register-map.ts";

export const ornoWe515: RegisterMap = {
  models: ["ORNO OR-WE-514", "ORNO OR-WE-515"],
  functionCode: 3,
  serialDefault: "9600 8E1",
  source: "volkszaehler/mbmd meters/rs485/orno1p.go",
  secondSource: null,
  notes:
    "Its one counter (sum) is not known to leave out what flows back, and its power has no sign. So sum is not import, unless the installer says so (one_way).",
  registers: [
    { measurement: "frequency", address: 0x0130, words: 1, type: "u16", order: "ABCD", mul: 0.01, unit: "Hz" },
    { measurement: "voltage", address: 0x0131, words: 1, type: "u16", order: "ABCD", mul: 0.01, unit: "V" },
    { measurement: "current", address: 0x0139, words: 2, type: "u32", order: "ABCD", mul: 0.001, unit: "A" },
    { measurement: "power", address: 0x0140, words: 2, type: "u32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "reactive", address: 0x0148, words: 2, type: "u32", order: "ABCD", mul: 1, unit: "var" },
    { measurement: "apparent", address: 0x0150, words: 2, type: "u32", order: "ABCD", mul: 1, unit: "VA" },
    { measurement: "pf", address: 0x0158, words: 1, type: "u16", order: "ABCD", mul: 0.001, unit: "" },
    { measurement: "sum", address: 0xa000, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "kWh" },
    { measurement: "reactiveSum", address: 0xa01e, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "kvarh" },
  ],
};
