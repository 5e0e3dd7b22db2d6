import { shownWh } from "../house/energy-counters.ts";
import type { House } from "../house/house.ts";
import { encodeHan } from "./han-encoder.ts";

/** The HAN list that a meter beside the house's grid meter sends now; it counts without tariffs. */
export function houseHan(house: House, number: string): Buffer {
  const { grid, atS } = house.state;
  const { net } = house.power();
  const { offsetS } = house.local();
  const perPhaseDa = Math.round((Math.abs(net) / 3 / 231) * 10);
  return encodeHan({
    meterId: `73599900${number.padStart(8, "0")}`,
    localS: atS + offsetS,
    deviationMinutes: -offsetS / 60,
    importWh: shownWh(grid.importJ[0]) + shownWh(grid.importJ[1]),
    exportWh: shownWh(grid.exportJ[0]) + shownWh(grid.exportJ[1]),
    powerW: net,
    phases: [0, 1, 2].map((phase) => ({ dV: 2310 + phase, dA: perPhaseDa })),
  });
}
