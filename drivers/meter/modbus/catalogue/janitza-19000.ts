import type { RegisterMap } from "../register-map.ts";

export const janitza19000: RegisterMap = {
  models: ["Janitza B21", "Janitza B23", "Janitza UMG 96RM", "Janitza UMG 96RM-E", "Janitza UMG 604"],
  functionCode: 3,
  serialDefault: "Modbus TCP, port 502, or 9600 to 115200 8N1",
  source: "volkszaehler/mbmd meters/rs485/janitza.go",
  secondSource:
    "OpenEMS/openems io.openems.edge.meter.janitza umg96rme (agrees on voltage, current, power, frequency, 19068, 19076)",
  notes:
    "The block from 19000 that the makers' families have in common. Energy is a float in Wh, so above 1 GWh it moves in steps of 64 Wh and more.",
  registers: [
    { measurement: "voltageL1", address: 0x4a38, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "V" },
    { measurement: "voltageL2", address: 0x4a3a, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "V" },
    { measurement: "voltageL3", address: 0x4a3c, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "V" },
    { measurement: "currentL1", address: 0x4a44, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "A" },
    { measurement: "currentL2", address: 0x4a46, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "A" },
    { measurement: "currentL3", address: 0x4a48, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "A" },
    { measurement: "powerL1", address: 0x4a4c, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "powerL2", address: 0x4a4e, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "powerL3", address: 0x4a50, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "power", address: 0x4a52, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "W" },
    { measurement: "pfL1", address: 0x4a64, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "" },
    { measurement: "pfL2", address: 0x4a66, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "" },
    { measurement: "pfL3", address: 0x4a68, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "" },
    { measurement: "frequency", address: 0x4a6a, words: 2, type: "f32", order: "ABCD", mul: 1, unit: "Hz" },
    { measurement: "importL1", address: 0x4a76, words: 2, type: "f32", order: "ABCD", mul: 0.001, unit: "kWh" },
    { measurement: "importL2", address: 0x4a78, words: 2, type: "f32", order: "ABCD", mul: 0.001, unit: "kWh" },
    { measurement: "importL3", address: 0x4a7a, words: 2, type: "f32", order: "ABCD", mul: 0.001, unit: "kWh" },
    { measurement: "import", address: 0x4a7c, words: 2, type: "f32", order: "ABCD", mul: 0.001, unit: "kWh" },
    { measurement: "exportL1", address: 0x4a7e, words: 2, type: "f32", order: "ABCD", mul: 0.001, unit: "kWh" },
    { measurement: "exportL2", address: 0x4a80, words: 2, type: "f32", order: "ABCD", mul: 0.001, unit: "kWh" },
    { measurement: "exportL3", address: 0x4a82, words: 2, type: "f32", order: "ABCD", mul: 0.001, unit: "kWh" },
    { measurement: "export", address: 0x4a84, words: 2, type: "f32", order: "ABCD", mul: 0.001, unit: "kWh" },
  ],
};
