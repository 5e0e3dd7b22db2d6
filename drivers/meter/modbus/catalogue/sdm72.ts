import type { RegisterMap } from "../register-map.ts";

export const sdm72: RegisterMap = {
  models: ["Eastron SDM72D-M"],
  functionCode: 4,
  serialDefault: "9600 8N1",
  source: "volkszaehler/mbmd meters/rs485/sdm72.go",
  secondSource: null,
  notes: "The first version: no voltage and no current, so nothing tells whether the family fits but the figures themselves.",
  maxWords: 80,
  maxGap: 40,
  registers: [
    { measurement: "power", address: 0x0034, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "import", address: 0x0048, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "kWh" },
    { measurement: "export", address: 0x004a, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "kWh" },
    { measurement: "sum", address: 0x0156, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "kWh" },
  ],
};
