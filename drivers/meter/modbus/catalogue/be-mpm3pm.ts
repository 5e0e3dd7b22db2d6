import type { RegisterMap } from "../register-map.ts";

export const beMpm3pm: RegisterMap = {
  models: ["Bernecker MPM3PM"],
  functionCode: 3,
  serialDefault: "9600 8N1",
  source: "volkszaehler/mbmd meters/rs485/mpm3pm.go",
  secondSource: null,
  notes: "",
  registers: [
    { measurement: "sum", address: 0x0000, words: 2, type: "s32", order: "ABCD", mul: 0.01, unit: "kWh" },
    { measurement: "import", address: 0x0002, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "kWh" },
    { measurement: "export", address: 0x0004, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "kWh" },
    { measurement: "voltageL1", address: 0x0008, words: 2, type: "u32", order: "ABCD", mul: 0.1, unit: "V" },
    { measurement: "voltageL2", address: 0x000a, words: 2, type: "u32", order: "ABCD", mul: 0.1, unit: "V" },
    { measurement: "voltageL3", address: 0x000c, words: 2, type: "u32", order: "ABCD", mul: 0.1, unit: "V" },
    { measurement: "currentL1", address: 0x000e, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "A" },
    { measurement: "currentL2", address: 0x0010, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "A" },
    { measurement: "currentL3", address: 0x0012, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "A" },
    { measurement: "powerL1", address: 0x0014, words: 2, type: "s32", order: "ABCD", mul: 0.01, unit: "W" },
    { measurement: "powerL2", address: 0x0016, words: 2, type: "s32", order: "ABCD", mul: 0.01, unit: "W" },
    { measurement: "powerL3", address: 0x0018, words: 2, type: "s32", order: "ABCD", mul: 0.01, unit: "W" },
    { measurement: "power", address: 0x0026, words: 2, type: "s32", order: "ABCD", mul: 0.01, unit: "W" },
    { measurement: "pf", address: 0x002a, words: 2, type: "u32", order: "ABCD", mul: 0.001, unit: "" },
    { measurement: "frequency", address: 0x002c, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "Hz" },
  ],
};
