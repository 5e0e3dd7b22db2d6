import type { RegisterMap } from "../register-map.ts";

export const ds100: RegisterMap = {
  models: ["B+G e-tech DS100"],
  functionCode: 3,
  serialDefault: "9600 8N1",
  source: "volkszaehler/mbmd meters/rs485/ds100.go",
  secondSource: null,
  notes: "Only one source knows the address of the export counter, which lies far from that of import.",
  unverified: ["export"],
  registers: [
    { measurement: "voltageL1", address: 0x0400, words: 2, type: "u32", order: "ABCD", mul: 0.001, unit: "V" },
    { measurement: "voltageL2", address: 0x0402, words: 2, type: "u32", order: "ABCD", mul: 0.001, unit: "V" },
    { measurement: "voltageL3", address: 0x0404, words: 2, type: "u32", order: "ABCD", mul: 0.001, unit: "V" },
    { measurement: "currentL1", address: 0x0410, words: 2, type: "s32", order: "ABCD", mul: 0.001, unit: "A" },
    { measurement: "currentL2", address: 0x0412, words: 2, type: "s32", order: "ABCD", mul: 0.001, unit: "A" },
    { measurement: "currentL3", address: 0x0414, words: 2, type: "s32", order: "ABCD", mul: 0.001, unit: "A" },
    { measurement: "powerL1", address: 0x041a, words: 2, type: "s32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "powerL2", address: 0x041c, words: 2, type: "s32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "powerL3", address: 0x041e, words: 2, type: "s32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "power", address: 0x0420, words: 2, type: "s32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "frequency", address: 0x0435, words: 1, type: "u16", order: "ABCD", mul: 0.1, unit: "Hz" },
    { measurement: "pf", address: 0x0439, words: 1, type: "s16", order: "ABCD", mul: 0.001, unit: "" },
    { measurement: "import", address: 0x010e, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "kWh" },
    { measurement: "export", address: 0x118a, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "kWh" },
    { measurement: "sum", address: 0x0122, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "kWh" },
  ],
};
