import type { ChargerFamily } from "../charger-family.ts";

const limit = { kind: "holding", address: 1210, type: "f32", perA: 1 } as const;

/** Modbus TCP; unit 1 is the first socket, 2 the second. Needs the licence «Active load balancing» with source EMS. */
export const alfenNg9xx: ChargerFamily = {
  models: ["Alfen Eve Single Pro-line", "Alfen Eve Single S-line", "Alfen Eve Double Pro-line"],
  source:
    "Alfen, Implementation of Modbus Slave TCP/IP for NG9xx, version 2.3 (2020-10-30), as used by evcc-io/evcc charger/alfen.go, OpenEMS/openems and myTselection/alfen_modbus",
  sure: "high: all programs agree. Validity time (60 s at the factory) and safe current are set by the installer's tool; Modbus shows the safe current (1212) and what remains of the validity (1208)",
  stepsPerA: 10,
  mostA: 32,
  limit: { write: limit, read: limit, reads: "setpoint" },
  installed: {
    failsafe: { kind: "holding", address: 1212, type: "f32", perA: 1 },
    remainingS: { kind: "holding", address: 1208, type: "u32" },
    keepAliveS: 20,
  },
};
