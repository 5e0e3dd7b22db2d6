import type { Device } from "../home.ts";
import type { Rest } from "./choices.ts";

/**
 * Money of one slot by what one appliance takes in it (Wh, negative gives), with its wear and a charge on the peak: straight
 * between a few bends. Used again for every slot.
 */
export interface SlotMoney {
  count: number;
  /** Bends, rising, Wh. */
  at: Float64Array;
  /** Money at each bend, and for each Wh from there on; the first of them also holds before it. */
  from: Float64Array;
  slope: Float64Array;
}

const most = 96;
const farWh = 1000;
const tiny = 1e-9;

/** Room for one slot. */
export function slotMoneyScratch(): SlotMoney {
  return { count: 0, at: new Float64Array(most), from: new Float64Array(most), slope: new Float64Array(most) };
}

/** Works a slot out for an appliance. */
export function openMoney(money: SlotMoney, device: Device, rest: Rest, slot: number): void {
  const { at, from, slope } = money;
  const { curves } = rest;
  const net = rest.net[slot] as number;
  const peakWh = rest.peakWh[slot] as number;
  // One bend is added well before the first: it gives the slope there. The first point of a curve is no bend.
  const points = slot * curves.most;
  const inCurve = Math.min((curves.count[slot] as number) - 1, most - 4);
  for (let index = 1; index <= inCurve; index += 1) at[index] = (curves.at[points + index] as number) - net;
  at[inCurve + 1] = 0;
  at[inCurve + 2] = rest.peakPrice > 0 ? peakWh - net : 0;
  const count = sorted(at, inCurve + 3);
  at[0] = (at[1] as number) - farWh;
  money.count = count;
  let piece = points;
  const lastPiece = points + (curves.count[slot] as number) - 1;
  for (let index = 0; index <= count; index += 1) {
    const wh = index < count ? (at[index] as number) : (at[count - 1] as number) + farWh;
    const all = net + wh;
    while (piece < lastPiece && (curves.at[piece + 1] as number) <= all) piece += 1;
    let paid = (curves.money[piece] as number) + (curves.slope[piece] as number) * (all - (curves.at[piece] as number));
    paid += Math.abs(wh) * device.wear;
    if (all > peakWh) paid += (all - peakWh) * rest.peakPrice;
    from[index] = paid;
    if (index > 0) slope[index - 1] = (paid - (from[index - 1] as number)) / (wh - (at[index - 1] as number));
  }
}

/** Sorts the bends from place 1 on, each once; returns how many places are taken. */
function sorted(at: Float64Array, places: number): number {
  let count = 1;
  for (let next = 1; next < places; next += 1) {
    const wh = at[next] as number;
    let index = count;
    while (index > 1 && (at[index - 1] as number) > wh) index -= 1;
    if (index > 1 && wh - (at[index - 1] as number) < tiny) continue;
    if (index < count && (at[index] as number) - wh < tiny) continue;
    for (let other = count; other > index; other -= 1) at[other] = at[other - 1] as number;
    at[index] = wh;
    count += 1;
  }
  return count;
}
