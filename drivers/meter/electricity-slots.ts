/** Tariffs 1 to 8 are known; no country has more than four. */
export const mostTariffs = 8;

/**
 * Groups C of what is measured at the moment, by their slot: power in and out (1, 2; 21, 22 on), current (31) and
 * voltage (32), those of the phases 20 apart, and the net power (16).
 */
const momentary = [1, 2, 21, 22, 31, 32, 41, 42, 51, 52, 61, 62, 71, 72, 16];
const slotOfGroup = new Int8Array(256).fill(-1);
for (const [slot, group] of momentary.entries()) slotOfGroup[group] = slot;

/** Slots of power in and out, W. */
export const importSlot = 0;
export const exportSlot = 1;
/** First of the four slots of phase 1: power in, power out, current, voltage. Those of the next phase follow. */
export const phaseSlot = 2;
export const slotsOfPhase = 4;
/** Net power with sign. */
export const netSlot = momentary.length - 1;
/** Behind the momentary values: the total and the tariffs of import, then those of export. */
const firstCounter = momentary.length;
/** How many slots a table has. */
export const slots = firstCounter + 2 * (mostTariffs + 1);

/** Slot of the counter 1.8.0 or 2.8.0; tariff t is t slots behind it. */
export function counterSlot(side: "importWh" | "exportWh"): number {
  return firstCounter + (side === "importWh" ? 0 : mostTariffs + 1);
}

/**
 * Slot of an electricity register C.7.0, C.8.0 or C.8.t; -1 for all else. Readings are made from a table with a place
 * for each and not from a map, because a map costs more than all the rest of a telegram.
 * @param code C * 65536 + D * 256 + E
 */
export function slotOf(code: number): number {
  const d = (code >>> 8) & 255;
  const e = code & 255;
  const c = code >>> 16;
  if (d === 7 && e === 0) return slotOfGroup[c] ?? -1;
  return d === 8 && (c === 1 || c === 2) && e <= mostTariffs ? firstCounter + (c - 1) * (mostTariffs + 1) + e : -1;
}
