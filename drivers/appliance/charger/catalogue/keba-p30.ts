import type { ChargerFamily } from "../charger-family.ts";
import { kebaP40 } from "./keba-p40.ts";

/** Modbus TCP (DIP switch DSW1.3), unit 255. The c-series needs firmware 3.10.42, the x-series 1.11. */
export const kebaP30: ChargerFamily = {
  ...kebaP40,
  models: ["KEBA KeContact P30 c-series", "KEBA KeContact P30 x-series", "BMW i Wallbox", "SolarEdge Home EV Charger"],
  source:
    "KEBA, P30 Modbus TCP programmers guide V1.02 (5004: 6000 to 63000 mA, write-only; 5014 enable), as used by evcc-io/evcc charger/keba-modbus.go; failsafe as for the P40; 10 to 600 s and what ends the silence from KEBA's UDP guide V2.01",
  sure: "medium: writing is sure. Reading back is less so: the limit in force (1100) is taken to be 0 while it is disabled, as «Max curr» of the UDP report 2 is; state 5 (interrupted) counts as off too",
  limit: {
    write: kebaP40.limit.write,
    read: { kind: "holding", address: 1100, type: "u32", perA: 1000 },
    reads: "in-force",
  },
  allow: { write: { kind: "holding", address: 5014, type: "u16" } },
  held: { register: { kind: "holding", address: 1000, type: "u32" }, states: [5] },
};
