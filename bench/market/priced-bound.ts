import type { CongestedFeeder } from "./congested-feeder.ts";

/** A feeder with what a Wh more of it costs in each slot, money per Wh: what the rounds have ended with. */
export interface PricedFeeder extends CongestedFeeder {
  limitWh: number;
  surcharge: Float64Array;
}

/**
 * Money that no plan of all loads within all limits stays below, whatever the prices (Lagrange): each load at its cheapest by its
 * price and the surcharge, less what the limits are worth at those prices. For thousands of homes at once, where one program of all
 * would take hours; the better the prices, the nearer it comes to what that would say.
 * @param aboveWh limit of what feeds all feeders
 */
export function pricedBound(feeders: readonly PricedFeeder[], aboveWh: number): number {
  let money = 0;
  for (const { pricePerWh, loads, limitWh, surcharge } of feeders) {
    const all = pricePerWh.map((own, slot) => own + Math.max(0, surcharge[slot] ?? 0));
    for (const load of loads) money += cheapest(load, all);
    for (const price of surcharge) money -= Math.max(0, price) * limitWh;
  }
  // What all feeders pay alike is the price of what stands above them.
  for (const slot of feeders[0]?.surcharge.keys() ?? []) {
    const shared = Math.max(0, Math.min(...feeders.map(({ surcharge }) => surcharge[slot] ?? 0)));
    const belowWh = feeders.reduce((sum, { limitWh }) => sum + limitWh, 0);
    money += shared * Math.max(0, belowWh - aboveWh);
  }
  return money;
}

/** Its energy in the cheapest of its slots; a relay takes whole slots anyway. */
function cheapest({ energyWh, mostWh }: CongestedFeeder["loads"][number], price: Float64Array): number {
  const order = Array.from(mostWh.keys())
    .filter((slot) => (mostWh[slot] ?? 0) > 0)
    .toSorted((one, other) => (price[one] ?? 0) - (price[other] ?? 0));
  let [left, money] = [energyWh, 0];
  for (const slot of order) {
    const wh = Math.min(left, mostWh[slot] ?? 0);
    money += wh * (price[slot] ?? 0);
    left -= wh;
  }
  return money;
}
