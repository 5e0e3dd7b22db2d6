import type { ChargerFamily } from "../charger-family.ts";

const limit = { kind: "holding", address: 300, type: "u16", perA: 1 } as const;

/** Modbus TCP, unit 180. Charging must be released by Modbus (coil 400) in its web page. */
export const phoenixEmCpPpEth: ChargerFamily = {
  models: ["Phoenix Contact EM-CP-PP-ETH"],
  source: "evcc-io/evcc charger/phoenix-em-eth.go",
  sure: "medium: one program only. No communication timeout is known of it, so it keeps its setting when nobody speaks to it. It has a meter only where one is connected: without a voltage there is none",
  stepsPerA: 1,
  mostA: 32,
  limit: { write: limit, read: limit, reads: "setpoint" },
  allow: { coil: 400 },
};
