/** One value of a list, where it stands and what it means. */
export interface HanEntry {
  /** Offset of the value's tag. */
  at: number;
  /** Position among the elements of the list, from 0. */
  pos: number;
  /** Offset of the six bytes of its logical name; -1 in lists that only count positions. */
  nameAt: number;
  /** A and B of the OBIS code A-B:C.D.E as A * 256 + B; -1 where the list does not say and no table knows. */
  group: number;
  /** C, D and E as C * 65536 + D * 256 + E, so that 1.8.0 reads 0x01_08_00. */
  code: number;
  /** Power of ten that the value is to be multiplied with. */
  scaler: number;
  /** DLMS number of the unit; noUnit where nobody says. */
  unit: number;
  /** Whether scaler and unit are in the list. */
  inBand: boolean;
}

/** Nobody says in what a value is. */
export const noUnit = -1;

/** Numbers of units. @see IEC 62056-6-2, table of units */
export const unit = { W: 27, VA: 28, var: 29, Wh: 30, VAh: 31, varh: 32, A: 33, V: 35, Hz: 44 } as const;

const nameOf = new Map<number, string>(Object.entries(unit).map(([name, number]) => [number, name]));

/** Name of a unit; empty for "no unit" (255) and for those that no list has. */
export function unitName(number: number): string {
  return nameOf.get(number) ?? "";
}

/** Units of C.7.0 and of C.8.E by C, for lists that leave them out; 0 for none. */
const momentary = new Uint8Array(256);
const energy = new Uint8Array(256);
for (const phase of [0, 20, 40, 60]) {
  for (const c of [1, 2]) {
    momentary[phase + c] = unit.W;
    energy[phase + c] = unit.Wh;
  }
  for (const c of [3, 4]) momentary[phase + c] = unit.var;
  for (const c of [3, 4, 5, 6, 7, 8]) energy[phase + c] = unit.varh;
  if (phase > 0) {
    momentary[phase + 11] = unit.A;
    momentary[phase + 12] = unit.V;
  }
}
momentary[16] = unit.W;

/** Unit that a value has by its code; noUnit for codes whose unit is not known. */
export function unitOfCode(code: number): number {
  const d = (code >>> 8) & 255;
  const c = code >>> 16;
  const found = d === 7 ? momentary[c] : d === 8 ? energy[c] : 0;
  return found ? found : noUnit;
}
