/** Net energy of each home in each hour, kWh; positive is import. */
export type Nets = readonly Float64Array[];

/** Key figures of a district, each divided by the same figure without control. */
export interface Kpis {
  cost: number;
  carbon: number;
  ramping: number;
  peak: number;
  /** Cost where each home pays for its own import: the sum over homes of price * max(0, net). */
  homesCost: number;
  homesCarbon: number;
}

/**
 * KPIs as CityLearn v1.3.6 defines them (citylearn/cost_function.py and CityLearnEnv.evaluate in citylearn/citylearn.py):
 * - cost: sum over hours of max(0, price * net of the district).
 * - carbon: sum over hours and homes of max(0, intensity * net of the home).
 * - ramping: sum over hours of |net - net of the hour before|, of the district.
 * - peak (peak_demand): the highest net of the district in the year's 8760 hours.
 * Each is divided by that of the homes without storage.
 * @see https://github.com/intelligent-environments-lab/CityLearn/blob/v1.3.6/citylearn/cost_function.py
 */
export function kpis(
  nets: Nets,
  without: Nets,
  { price, carbon }: { price: readonly number[]; carbon: readonly number[] },
): Kpis {
  const ratio = (of: (homes: Nets, district: Float64Array) => number): number =>
    of(nets, districtOf(nets)) / of(without, districtOf(without));
  const homesTimes = (weights: readonly number[]) => (homes: Nets) =>
    sum(homes.map((net) => sum(net.map((kWh, hour) => Math.max(0, kWh * (weights[hour] ?? 0))))));
  return {
    cost: ratio((_, district) => sum(district.map((kWh, hour) => Math.max(0, kWh * (price[hour] ?? 0))))),
    carbon: ratio(homesTimes(carbon)),
    ramping: ratio((_, district) =>
      sum(district.map((kWh, hour) => (hour === 0 ? 0 : Math.abs(kWh - (district[hour - 1] ?? 0))))),
    ),
    peak: ratio((_, district) => Math.max(...district)),
    homesCost: ratio(homesTimes(price)),
    homesCarbon: ratio(homesTimes(carbon)),
  };
}

const districtOf = (nets: Nets): Float64Array =>
  Float64Array.from({ length: nets[0]?.length ?? 0 }, (_, hour) => sum(nets.map((net) => net[hour] ?? 0)));
const sum = (values: Iterable<number>): number => {
  let total = 0;
  for (const value of values) total += value;
  return total;
};
