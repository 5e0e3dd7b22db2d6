import type { Home } from "./home.ts";

/**
 * Money for what crosses the meter in a slot. What was bought at an exchange is paid for: each Wh of it that is not drawn brings
 * what deviations bring there, and only what is drawn beyond it is the supplier's. Of what was sold, likewise, each Wh that is not
 * fed in costs. The trades themselves are paid whatever happens, and are in no plan's money.
 * @param gridWh positive is import
 */
export function gridMoney({ importPrice, exportPrice, traded }: Home, slot: number, gridWh: number): number {
  const beyond = (gridWh >= 0 ? importPrice : exportPrice)[slot] as number;
  if (!traded) return gridWh * beyond;
  const wh = gridWh >= 0 ? (traded.boughtWh[slot] as number) : -(traded.soldWh[slot] as number);
  const within = gridWh >= 0 ? Math.min(gridWh, wh) : Math.max(gridWh, wh);
  const deviation = (gridWh >= 0 ? traded.undrawnPrice : traded.unfedPrice)[slot] as number;
  return within * deviation + (gridWh - within) * beyond;
}

/** Energies at which that money bends, Wh; positive is import. */
export function gridBends({ traded }: Home, slot: number): number[] {
  if (!traded) return [0];
  return [0, traded.boughtWh[slot] as number, -(traded.soldWh[slot] as number)];
}
