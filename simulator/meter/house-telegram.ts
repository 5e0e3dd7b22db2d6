import { shownWh, tariffIndex } from "../house/energy-counters.ts";
import type { House } from "../house/house.ts";
import { encodeP1 } from "./p1-encoder.ts";

/** Single-phase appliances by phase: base load and car on L1, tank and panels on L2, heat pump and battery on L3. */
function phasePowers(house: House): number[] {
  const power = house.power();
  return [power.base + power.ev, power.boiler - power.solar, power.heatpump + power.battery];
}

/** The telegram that the house's grid meter sends now. @param number tells the meters of many houses apart */
export function houseTelegram(house: House, number: string): Buffer {
  const { state } = house;
  const time = house.local();
  return encodeP1({
    ident: "SIM5\\2SMART-MLA",
    meterId: `SIM${number}`,
    gasId: `SIMGAS${number}`,
    atS: state.atS,
    offsetS: time.offsetS,
    tariff: tariffIndex(time) === 0 ? 1 : 2,
    importWh: [shownWh(state.grid.importJ[0]), shownWh(state.grid.importJ[1])],
    exportWh: [shownWh(state.grid.exportJ[0]), shownWh(state.grid.exportJ[1])],
    powerW: house.power().net,
    // A long cable: about 1 V less for each kW that flows in.
    phases: phasePowers(house).map((powerW) => ({ voltageV: 231 - powerW / 1000, powerW })),
    gasDm3: state.gasDm3,
  });
}
