import type { RegisterMap } from "../register-map.ts";

export const siemens7kt1665: RegisterMap = {
  models: ["Siemens 7KT1665", "Siemens 7KT1666"],
  functionCode: 4,
  serialDefault: "9600 8E1",
  source: "evcc-io/evcc templates/definition/meter/siemens-7kt1665.yaml",
  secondSource: null,
  notes: "No export counter in this map. Check speed and parity at the meter; also over TCP.",
  registers: [
    { measurement: "power", address: 0x0039, words: 2, type: "s32", order: "ABCD", mul: 0.01, unit: "W" },
    { measurement: "import", address: 0x1a1f, words: 2, type: "u32", order: "ABCD", mul: 0.001, unit: "kWh" },
    { measurement: "currentL1", address: 0x0007, words: 2, type: "u32", order: "ABCD", mul: 0.0001, unit: "A" },
    { measurement: "currentL2", address: 0x0009, words: 2, type: "u32", order: "ABCD", mul: 0.0001, unit: "A" },
    { measurement: "currentL3", address: 0x000b, words: 2, type: "u32", order: "ABCD", mul: 0.0001, unit: "A" },
    { measurement: "voltageL1", address: 0x0001, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "V" },
    { measurement: "voltageL2", address: 0x0003, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "V" },
    { measurement: "voltageL3", address: 0x0005, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "V" },
  ],
};
