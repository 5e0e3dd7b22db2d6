/** A battery behind an inverter of its own. */
export interface HouseBattery {
  capacityWh: number;
  /** What is in it, J. */
  storedJ: number;
  /** What it is told to take (negative: to give), W; null: it evens out the house by itself. */
  toldW: number | null;
  /** It goes back to its own way so long after it was told, s; 0: never. And when that is, seconds since 1970. */
  revertS: number;
  revertAtS: number | null;
}

/** The most that it takes and gives, W. */
export const batteryRatedW = 5000;
/** Each way. */
const efficiency = 0.95;
/** By itself it keeps this share, for a power cut. */
const reserveShare = 0.1;

/** Half full, left to itself. */
export function batteryOf(capacityWh: number): HouseBattery {
  return { capacityWh, storedJ: (capacityWh * 3600) / 2, toldW: null, revertS: 0, revertAtS: null };
}

export const batteryPercent = ({ capacityWh, storedJ }: HouseBattery): number => (storedJ / (capacityWh * 3600)) * 100;

/** Tells it anew; a device that counts from its last word begins to count again. */
export function tellBattery(battery: HouseBattery, toldW: number | null, atS: number): void {
  battery.toldW = toldW;
  battery.revertAtS = toldW === null || battery.revertS === 0 ? null : atS + battery.revertS;
}

/** Lets a second pass. @param besideW what the house draws without it @returns what it takes, W; negative gives */
export function stepBattery(battery: HouseBattery, atS: number, besideW: number): number {
  if (battery.revertAtS !== null && atS >= battery.revertAtS) tellBattery(battery, null, atS);
  const { toldW, storedJ, capacityWh } = battery;
  const wishedW = Math.max(-batteryRatedW, Math.min(batteryRatedW, toldW ?? -besideW));
  const floorJ = toldW === null ? capacityWh * 3600 * reserveShare : 0;
  const mostW = Math.max(0, (capacityWh * 3600 - storedJ) / efficiency);
  const leastW = -Math.max(0, (storedJ - floorJ) * efficiency);
  const powerW = Math.trunc(Math.max(leastW, Math.min(mostW, wishedW)));
  battery.storedJ += powerW > 0 ? powerW * efficiency : powerW / efficiency;
  return powerW;
}
