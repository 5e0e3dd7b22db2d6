import type { RegisterMap } from "../register-map.ts";

export const cgEm11x: RegisterMap = {
  models: ["Carlo Gavazzi EM110", "Carlo Gavazzi EM111", "Carlo Gavazzi EM112", "Carlo Gavazzi ET112"],
  functionCode: 4,
  serialDefault: "9600 8N1",
  source: "OpenEMS/openems io.openems.edge.meter.carlo.gavazzi em100",
  secondSource: null,
  notes:
    "Sources differ on the order of words: OpenEMS reads low word first, the evcc template cg-emt1xx.yaml high word first. So the order is found by the voltage.",
  orderInDoubt: true,
  eitherFunction: true,
  registers: [
    { measurement: "voltage", address: 0x0000, words: 2, type: "s32", order: "CDAB", mul: 0.1, unit: "V" },
    { measurement: "current", address: 0x0002, words: 2, type: "s32", order: "CDAB", mul: 0.001, unit: "A" },
    { measurement: "power", address: 0x0004, words: 2, type: "s32", order: "CDAB", mul: 0.1, unit: "W" },
    { measurement: "apparent", address: 0x0006, words: 2, type: "s32", order: "CDAB", mul: 0.1, unit: "VA" },
    { measurement: "reactive", address: 0x0008, words: 2, type: "s32", order: "CDAB", mul: 0.1, unit: "var" },
    { measurement: "frequency", address: 0x000f, words: 1, type: "u16", order: "ABCD", mul: 0.1, unit: "Hz" },
    { measurement: "import", address: 0x0010, words: 2, type: "s32", order: "CDAB", mul: 0.1, unit: "kWh" },
    { measurement: "export", address: 0x0020, words: 2, type: "s32", order: "CDAB", mul: 0.1, unit: "kWh" },
  ],
};
