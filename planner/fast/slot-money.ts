import { curveAt } from "../cost-curves.ts";
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

const most = 64;
const farWh = 1000;
const tiny = 1e-9;

/** Room for one slot. */
export function slotMoneyScratch(): SlotMoney {
  return { count: 0, at: new Float64Array(most), from: new Float64Array(most), slope: new Float64Array(most) };
}

/** Works a slot out for an appliance. */
export function openMoney(money: SlotMoney, device: Device, rest: Rest, slot: number): void {
  const { curves } = rest;
  const net = rest.net[slot] as number;
  const peakWh = rest.peakWh[slot] as number;
  money.count = 0;
  // The first point of a curve is no bend.
  const first = slot * curves.most;
  for (let index = 1; index < (curves.count[slot] as number); index += 1)
    bendAt(money, (curves.at[first + index] as number) - net);
  if (rest.peakPrice > 0) bendAt(money, peakWh - net);
  bendAt(money, 0);
  const at = (wh: number): number =>
    curveAt(curves, slot, net + wh) + Math.abs(wh) * device.wear + (net + wh > peakWh ? (net + wh - peakWh) * rest.peakPrice : 0);
  // One more bend well before the first gives the slope there.
  for (let index = money.count; index > 0; index -= 1) money.at[index] = money.at[index - 1] as number;
  money.at[0] = (money.at[1] as number) - farWh;
  money.count += 1;
  for (let index = 0; index < money.count; index += 1) money.from[index] = at(money.at[index] as number);
  for (let index = 0; index < money.count; index += 1) {
    const here = money.at[index] as number;
    const there = index + 1 < money.count ? (money.at[index + 1] as number) : here + farWh;
    const paid = index + 1 < money.count ? (money.from[index + 1] as number) : at(there);
    money.slope[index] = (paid - (money.from[index] as number)) / (there - here);
  }
}

/** Puts a bend in its place. */
function bendAt(money: SlotMoney, wh: number): void {
  if (money.count >= most - 1) return;
  let index = money.count;
  while (index > 0 && (money.at[index - 1] as number) > wh) index -= 1;
  if (index > 0 && wh - (money.at[index - 1] as number) < tiny) return;
  if (index < money.count && (money.at[index] as number) - wh < tiny) return;
  for (let other = money.count; other > index; other -= 1) money.at[other] = money.at[other - 1] as number;
  money.at[index] = wh;
  money.count += 1;
}
