import type { RegisterMap } from "../register-map.ts";

export const acrelAdw300: RegisterMap = {
  models: ["Acrel ADW300"],
  functionCode: 3,
  serialDefault: "9600 8N1",
  source: "evcc-io/evcc templates/definition/meter/acrel-adw300.yaml",
  secondSource: null,
  notes: "Some come with 1200 baud.",
  registers: [
    { measurement: "power", address: 0x0024, words: 2, type: "s32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "import", address: 0x003e, words: 2, type: "s32", order: "ABCD", mul: 0.01, unit: "kWh" },
    { measurement: "export", address: 0x0040, words: 2, type: "s32", order: "ABCD", mul: 0.01, unit: "kWh" },
    { measurement: "currentL1", address: 0x001a, words: 1, type: "u16", order: "ABCD", mul: 0.01, unit: "A" },
    { measurement: "currentL2", address: 0x001b, words: 1, type: "u16", order: "ABCD", mul: 0.01, unit: "A" },
    { measurement: "currentL3", address: 0x001c, words: 1, type: "u16", order: "ABCD", mul: 0.01, unit: "A" },
    { measurement: "voltageL1", address: 0x0014, words: 1, type: "u16", order: "ABCD", mul: 0.1, unit: "V" },
    { measurement: "voltageL2", address: 0x0015, words: 1, type: "u16", order: "ABCD", mul: 0.1, unit: "V" },
    { measurement: "voltageL3", address: 0x0016, words: 1, type: "u16", order: "ABCD", mul: 0.1, unit: "V" },
  ],
};
