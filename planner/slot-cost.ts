import { gridBends, gridMoney } from "./grid-money.ts";
import type { Home } from "./home.ts";

/** How a slot's energy crosses the meter. */
export interface Crossing {
  /** Net after curtailment, Wh; positive is import. */
  gridWh: number;
  curtailedWh: number;
}

/** What of the PV is used: as much as pays, unless it may not be curtailed. @param net Wh before curtailment */
export function crossing(home: Home, slot: number, net: number): Crossing {
  const pv = home.pvWh[slot] ?? 0;
  if (!home.curtailable || pv <= 0) return { gridWh: net, curtailedWh: 0 };
  const limits = [...slotBends(home, slot), net + pv];
  let best = net;
  let least = crossed(home, slot, net);
  for (const limit of limits) {
    const gridWh = Math.max(net, Math.min(limit, net + pv));
    const money = crossed(home, slot, gridWh);
    if (money < least - 1e-12) [best, least] = [gridWh, money];
  }
  return { gridWh: best, curtailedWh: best - net };
}

/** Net energies at which a slot's money bends, Wh; where there is no limit, an infinite one. */
export function slotBends(home: Home, slot: number): number[] {
  return [...gridBends(home, slot), home.importLimitWh[slot] ?? Infinity, -(home.exportLimitWh[slot] ?? Infinity)];
}

/** Money for a slot's net energy, with the price of what lies beyond a limit. */
export function slotCost(home: Home, slot: number, net: number): number {
  return crossed(home, slot, crossing(home, slot, net).gridWh);
}

function crossed(home: Home, slot: number, gridWh: number): number {
  const mostExport = home.exportLimitWh[slot] ?? Infinity;
  // What goes beyond the export limit is lost, as an inverter that is held back loses it.
  const money = gridMoney(home, slot, Math.max(gridWh, -mostExport));
  const over = Math.max(0, gridWh - (home.importLimitWh[slot] ?? Infinity), -gridWh - mostExport);
  return money + over * home.gridPenalty;
}
