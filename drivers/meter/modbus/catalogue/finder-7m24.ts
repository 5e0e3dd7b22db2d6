import type { RegisterMap } from "../register-map.ts";

export const finder7m24: RegisterMap = {
  models: ["Finder 7M.24"],
  functionCode: 4,
  serialDefault: "9600 or 19200 8N1",
  source: "volkszaehler/mbmd meters/rs485/finder7m24.go",
  secondSource: null,
  notes: "Set over NFC. The totals have the addresses of the 7M.38.",
  registers: [
    { measurement: "voltage", address: 0x09c4, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "V" },
    { measurement: "current", address: 0x09d4, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "A" },
    { measurement: "power", address: 0x09e8, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "reactive", address: 0x09f0, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "var" },
    { measurement: "apparent", address: 0x09f8, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "VA" },
    { measurement: "pf", address: 0x0a00, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "" },
    { measurement: "frequency", address: 0x0a18, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "Hz" },
    { measurement: "import", address: 0x0ac0, words: 2, type: "f32", order: "ABCD", mul: 0.001, unit: "kWh" },
    { measurement: "export", address: 0x0ac4, words: 2, type: "f32", order: "ABCD", mul: 0.001, unit: "kWh" },
  ],
};
