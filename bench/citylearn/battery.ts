/**
 * The battery of CityLearn 2022 as CityLearn v1.3.6 defines it (citylearn/energy_model.py, Battery and StorageDevice), in kWh an
 * hour: what it takes or gives is limited by a curve of its state of charge, its one-way efficiency is the square root of a curve of
 * its power, and each charge wears a little of its capacity away.
 * @see https://github.com/intelligent-environments-lab/CityLearn/blob/v1.3.6/citylearn/energy_model.py
 */
export interface CityBattery {
  capacityKwh: number;
  chargeKwh: number;
}

/** As the challenge's schema sets it. */
export const cityBattery = { capacityKwh: 6.4, nominalKw: 5, wearPerCycle: 1e-5 } as const;
/** Share of the nominal power by state of charge. */
const powerCurve: readonly (readonly [number, number])[] = [
  [0, 1],
  [0.8, 1],
  [1, 0.2],
];
/** Round-trip efficiency by share of the nominal power. */
const efficiencyCurve: readonly (readonly [number, number])[] = [
  [0, 0.83],
  [0.3, 0.83],
  [0.7, 0.9],
  [0.8, 0.9],
  [1, 0.85],
];

/** Straight between the points of a curve, level beyond them. */
function along(curve: readonly (readonly [number, number])[], at: number): number {
  for (const [index, [x, y]] of curve.entries()) {
    const next = curve[index + 1];
    if (at <= x || !next) return y;
    if (at <= next[0]) return y + ((next[1] - y) * (at - x)) / (next[0] - x);
  }
  return Number.NaN;
}

/** Most that it takes or gives in an hour at its state of charge, kWh. */
export const mostKwh = ({ capacityKwh, chargeKwh }: CityBattery): number =>
  cityBattery.nominalKw * along(powerCurve, chargeKwh / capacityKwh);

/** One hour. @param askedKwh positive charges, at the house's side @returns the battery after it, and what it really took */
export function cityCharge(battery: CityBattery, askedKwh: number): { battery: CityBattery; takenKwh: number } {
  const most = mostKwh(battery);
  const energy = Math.min(most, Math.max(-most, askedKwh));
  const efficiency = Math.sqrt(along(efficiencyCurve, Math.abs(energy) / cityBattery.nominalKw));
  const chargeKwh =
    energy >= 0
      ? Math.min(battery.chargeKwh + energy * efficiency, battery.capacityKwh)
      : Math.max(0, battery.chargeKwh + energy / efficiency);
  const change = chargeKwh - battery.chargeKwh;
  const takenKwh = change >= 0 ? change / efficiency : change * efficiency;
  const worn = (cityBattery.wearPerCycle * cityBattery.capacityKwh * Math.abs(takenKwh)) / (2 * battery.capacityKwh);
  return { battery: { capacityKwh: battery.capacityKwh - worn, chargeKwh }, takenKwh };
}
