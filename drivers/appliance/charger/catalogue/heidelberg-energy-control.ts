import type { ChargerFamily } from "../charger-family.ts";

const limit = { kind: "holding", address: 261, type: "u16", perA: 10 } as const;
const failsafe = { kind: "holding", address: 262, type: "u16", perA: 10 } as const;
const timeout = { kind: "holding", address: 257, type: "u16" } as const;

/** RTU only, 19200 8E1; the box must be a follower (DIP S5/4 off) with an address of its own (DIP S4). */
export const heidelbergEnergyControl: ChargerFamily = {
  models: ["Heidelberg (Amperfied) Energy Control", "SENEC Wallbox pro s", "Walther Werke Basic Evo Pro"],
  source:
    "EC_ModBus_register_table_20210222 (Amperfied) as used by evcc-io/evcc charger/heidelberg-ec.go, TCzerny/ha-modbus-manager heidelberg_energy_control.yaml and BorisBrock/HeidelBridge",
  sure: "high: three independent programs agree on every register. A failsafe current of 0 is its error state, which ends with the next request. Any request ends the silence",
  stepsPerA: 10,
  mostA: 16,
  limit: { write: limit, read: limit, reads: "setpoint" },
  watch: {
    timeout: { write: timeout, read: timeout, perS: 1000, leastS: 1, mostS: 65 },
    failsafe: { write: failsafe, read: failsafe },
  },
  // Standby off, or it does not answer any more some minutes after the car has left.
  prepare: [{ register: { kind: "holding", address: 258, type: "u16" }, value: 4 }],
};
