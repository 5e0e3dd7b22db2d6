import type { RegisterMap } from "../register-map.ts";

export const eltakoDsz: RegisterMap = {
  models: ["Eltako DSZ15DZMOD", "Eltako DSZ16"],
  functionCode: 4,
  serialDefault: "9600 8E1",
  source: "volkszaehler/mbmd meters/rs485/eltako.go",
  secondSource: null,
  notes: "Check speed and parity at the meter. The addresses of the SDM630, but whole numbers: read as floats they are garbage.",
  registers: [
    { measurement: "voltageL1", address: 0x0000, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "V" },
    { measurement: "voltageL2", address: 0x0002, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "V" },
    { measurement: "voltageL3", address: 0x0004, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "V" },
    { measurement: "currentL1", address: 0x0006, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "A" },
    { measurement: "currentL2", address: 0x0008, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "A" },
    { measurement: "currentL3", address: 0x000a, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "A" },
    { measurement: "powerL1", address: 0x000c, words: 2, type: "s32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "powerL2", address: 0x000e, words: 2, type: "s32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "powerL3", address: 0x0010, words: 2, type: "s32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "power", address: 0x0034, words: 2, type: "s32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "pfL1", address: 0x001e, words: 2, type: "s32", order: "ABCD", mul: 0.001, unit: "" },
    { measurement: "pfL2", address: 0x0020, words: 2, type: "s32", order: "ABCD", mul: 0.001, unit: "" },
    { measurement: "pfL3", address: 0x0022, words: 2, type: "s32", order: "ABCD", mul: 0.001, unit: "" },
    { measurement: "pf", address: 0x003e, words: 2, type: "s32", order: "ABCD", mul: 0.001, unit: "" },
    { measurement: "import", address: 0x0048, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "kWh" },
    { measurement: "export", address: 0x004a, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "kWh" },
  ],
};
