import type { RegisterMap } from "../register-map.ts";

export const janitzaUmg604: RegisterMap = {
  models: ["Janitza UMG 604"],
  functionCode: 3,
  serialDefault: "Modbus TCP, port 502",
  source: "OpenEMS/openems io.openems.edge.meter.janitza umg604",
  secondSource: null,
  notes: "The device's own block. Energy is a float in Wh.",
  registers: [
    { measurement: "voltageL1", address: 0x0525, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "V" },
    { measurement: "voltageL2", address: 0x0527, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "V" },
    { measurement: "voltageL3", address: 0x0529, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "V" },
    { measurement: "currentL1", address: 0x052d, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "A" },
    { measurement: "currentL2", address: 0x052f, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "A" },
    { measurement: "currentL3", address: 0x0531, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "A" },
    { measurement: "powerL1", address: 0x0535, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "powerL2", address: 0x0537, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "powerL3", address: 0x0539, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "reactiveL1", address: 0x053d, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "var" },
    { measurement: "reactiveL2", address: 0x053f, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "var" },
    { measurement: "reactiveL3", address: 0x0541, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "var" },
    { measurement: "power", address: 0x0559, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "reactive", address: 0x055b, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "var" },
    { measurement: "frequency", address: 0x059f, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "Hz" },
    { measurement: "import", address: 0x267b, words: 2, type: "f32", order: "ABCD", mul: 0.001, unit: "kWh" },
    { measurement: "export", address: 0x2687, words: 2, type: "f32", order: "ABCD", mul: 0.001, unit: "kWh" },
  ],
};
