import type { RegisterMap } from "../register-map.ts";

export const sdm230: RegisterMap = {
  models: ["Eastron SDM220", "Eastron SDM230", "Eastron EM110-RTU-2P", "Eastron EM111-RTU-2P"],
  functionCode: 4,
  serialDefault: "9600 8N1",
  source: "volkszaehler/mbmd meters/rs485/sdm230.go, sdm220.go",
  secondSource: null,
  notes: "As SDM120 with the phase angle.",
  maxWords: 80,
  maxGap: 40,
  registers: [
    { measurement: "voltage", address: 0x0000, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "V" },
    { measurement: "current", address: 0x0006, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "A" },
    { measurement: "power", address: 0x000c, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "apparent", address: 0x0012, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "VA" },
    { measurement: "reactive", address: 0x0018, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "var" },
    { measurement: "pf", address: 0x001e, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "" },
    { measurement: "frequency", address: 0x0046, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "Hz" },
    { measurement: "import", address: 0x0048, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "kWh" },
    { measurement: "export", address: 0x004a, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "kWh" },
    { measurement: "reactiveImport", address: 0x004c, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "kvarh" },
    { measurement: "reactiveExport", address: 0x004e, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "kvarh" },
    { measurement: "sum", address: 0x0156, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "kWh" },
    { measurement: "reactiveSum", address: 0x0158, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "kvarh" },
    { measurement: "phaseAngle", address: 0x0024, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "deg" },
  ],
};
