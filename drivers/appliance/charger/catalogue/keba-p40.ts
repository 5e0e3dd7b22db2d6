import type { ChargerFamily } from "../charger-family.ts";

const limit = { kind: "holding", address: 5004, type: "u16", perA: 1000 } as const;

/** Modbus TCP, unit 255 at the factory (1 works too). Two words of one value must be read alone: nothing runs over values. */
export const kebaP40: ChargerFamily = {
  models: ["KEBA KeContact P40"],
  source:
    "KEBA, P40 Modbus TCP programmers guide, as used by evcc-io/evcc charger/keba-modbus.go, OpenEMS/openems evse.chargepoint.keba and openHAB keba (registers 5016, 5018)",
  sure: "medium: limit and the read-back of 5004 as evcc uses them; failsafe registers by OpenEMS (1600, 1602) and openHAB (5016, 5018). 10 to 600 s is that of the P30's guide. Failsafe is not made persistent (5020), so it is written again with every setting",
  stepsPerA: 1000,
  mostA: 32,
  limit: { write: limit, read: limit, reads: "setpoint" },
  watch: {
    timeout: {
      write: { kind: "holding", address: 5018, type: "u16" },
      read: { kind: "holding", address: 1602, type: "u32" },
      perS: 1,
      leastS: 10,
      mostS: 600,
    },
    failsafe: {
      write: { kind: "holding", address: 5016, type: "u16", perA: 1000 },
      read: { kind: "holding", address: 1600, type: "u32", perA: 1000 },
    },
    rewrite: true,
  },
};
