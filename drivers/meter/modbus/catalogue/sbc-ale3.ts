import type { RegisterMap } from "../register-map.ts";

export const sbcAle3: RegisterMap = {
  models: ["Saia Burgess ALE3", "Saia Burgess AWD3"],
  functionCode: 3,
  serialDefault: "as set at the meter",
  source: "volkszaehler/mbmd meters/rs485/sbc.go",
  secondSource: null,
  notes: "The manual counts registers from 1. Power has no sign.",
  registers: [
    { measurement: "import", address: 0x001b, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "kWh" },
    { measurement: "export", address: 0x001f, words: 2, type: "u32", order: "ABCD", mul: 0.01, unit: "kWh" },
    { measurement: "voltageL1", address: 0x0023, words: 1, type: "u16", order: "ABCD", mul: 1, unit: "V" },
    { measurement: "currentL1", address: 0x0024, words: 1, type: "u16", order: "ABCD", mul: 0.1, unit: "A" },
    { measurement: "powerL1", address: 0x0025, words: 1, type: "u16", order: "ABCD", mul: 0.01, unit: "kW" },
    { measurement: "voltageL2", address: 0x0028, words: 1, type: "u16", order: "ABCD", mul: 1, unit: "V" },
    { measurement: "currentL2", address: 0x0029, words: 1, type: "u16", order: "ABCD", mul: 0.1, unit: "A" },
    { measurement: "powerL2", address: 0x002a, words: 1, type: "u16", order: "ABCD", mul: 0.01, unit: "kW" },
    { measurement: "voltageL3", address: 0x002d, words: 1, type: "u16", order: "ABCD", mul: 1, unit: "V" },
    { measurement: "currentL3", address: 0x002e, words: 1, type: "u16", order: "ABCD", mul: 0.1, unit: "A" },
    { measurement: "powerL3", address: 0x002f, words: 1, type: "u16", order: "ABCD", mul: 0.01, unit: "kW" },
    { measurement: "power", address: 0x0032, words: 1, type: "u16", order: "ABCD", mul: 0.01, unit: "kW" },
  ],
};
