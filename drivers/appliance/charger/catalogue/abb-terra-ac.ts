import type { ChargerFamily } from "../charger-family.ts";

/** Modbus TCP (with display) or RTU, firmware 1.6.5 or later, set up as secondary device in TerraConfig. */
export const abbTerraAc: ChargerFamily = {
  models: ["ABB Terra AC wallbox"],
  source:
    "ABB, TACWB Modbus communication 10M1003 (rev. 1.7 and later), as used by evcc-io/evcc charger/abb.go, peufeu2/GrugBus EVSE_ABB_Terra.csv and JernejHren/ABB-Terra-AC (fallback limit 4109h, 4024h)",
  sure: "high for limit and timeout (three programs agree); medium for the fallback limit, in newer firmware only and known from one program. Without it the charger stops in silence. The limit in force may be lower than the one set. Its firmware can lose fallback and limit when it restarts: both are looked after with every setting. Any request ends the silence",
  stepsPerA: 1000,
  mostA: 32,
  limit: {
    write: { kind: "holding", address: 0x4100, type: "u32", perA: 1000 },
    read: { kind: "holding", address: 0x400e, type: "u32", perA: 1000 },
    reads: "in-force",
  },
  watch: {
    timeout: {
      write: { kind: "holding", address: 0x4106, type: "u16" },
      read: { kind: "holding", address: 0x4020, type: "u16" },
      perS: 1,
      leastS: 1,
      mostS: 65_000,
    },
    failsafe: {
      write: { kind: "holding", address: 0x4109, type: "u16", perA: 1 },
      read: { kind: "holding", address: 0x4024, type: "u16", perA: 1 },
      stopsWithout: true,
    },
  },
};
