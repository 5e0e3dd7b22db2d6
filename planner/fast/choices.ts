import type { CostCurves } from "../cost-curves.ts";
import type { Device } from "../home.ts";
import { openMoney, slotMoneyScratch, type SlotMoney } from "./slot-money.ts";

/** What the rest of the home does while one appliance is planned. */
export interface Rest {
  curves: CostCurves;
  /** Net energy without the appliance, Wh a slot; positive is import. */
  net: Float64Array;
  /** Import above this is charged with peakPrice for each Wh. */
  peakWh: Float64Array;
  peakPrice: number;
}

/** Levels of the grid after a slot: `count` of them from `low`, `step` Wh apart; 0 where they are all the same. */
export interface NextLevels {
  count: number;
  low: number;
  step: number;
}

/**
 * What an appliance may do in a slot: energy (Wh, negative gives), money for the slot, fill after it, and between which levels
 * of the next grid that is. Choice 0 is nothing; of a programme choice 1 + n is its step n. Used again for every slot and level.
 */
export interface Choices {
  count: number;
  /** Nothing can go in here, however empty it is. */
  barred: boolean;
  wh: Float64Array;
  money: Float64Array;
  fill: Float64Array;
  /** Level below the fill, and how far it is on the way to the level above, as a share; both go on beyond the grid's ends. */
  below: Int32Array;
  share: Float64Array;
  /** Filled by whoever picks among them. */
  picked: number;
  least: number;
  /** The slot that is looked at. */
  mostIn: number;
  mostOut: number;
  next: NextLevels;
  slotMoney: SlotMoney;
}

const most = 320;
/** Most landings on a level of the grid that are tried a slot. */
const mostLandings = 6;
const tiny = 1e-7;

/** Room for the choices of one slot. */
export function choiceScratch(): Choices {
  return {
    count: 0,
    barred: false,
    wh: new Float64Array(most),
    money: new Float64Array(most),
    fill: new Float64Array(most),
    below: new Int32Array(most),
    share: new Float64Array(most),
    picked: 0,
    least: 0,
    mostIn: 0,
    mostOut: 0,
    next: { count: 0, low: 0, step: 0 },
    slotMoney: slotMoneyScratch(),
  };
}

/** Gets ready for the choices of a slot, whatever the fill is at its start. */
export function openSlot(choices: Choices, device: Device, rest: Rest, slot: number, next: NextLevels): void {
  const net = rest.net[slot] as number;
  choices.mostIn = device.maxIn[slot] as number;
  if (!device.chargeFromGrid) choices.mostIn = Math.min(choices.mostIn, Math.max(0, -net));
  choices.mostOut = device.maxOut[slot] as number;
  if (!device.dischargeToGrid) choices.mostOut = Math.min(choices.mostOut, Math.max(0, net));
  choices.barred = choices.mostIn <= tiny;
  choices.next = next;
  openMoney(choices.slotMoney, device, rest, slot);
}

/**
 * Fills `choices` with what may be done in the slot that was opened at fill level `x`. Between the bends of the slot's cost and
 * the levels of the next grid everything is linear, so that these, and the ends of the range, are all that needs to be tried.
 */
export function choicesAt(choices: Choices, device: Device, slot: number, x: number): void {
  const { wh, mostIn, mostOut } = choices;
  const gain = device.gain[slot] as number;
  const raw = (device.keep[slot] as number) * x + (device.add[slot] as number);
  const roomWh = gain > 0 ? Math.max(0, device.ceiling - raw) / gain : Infinity;
  wh[0] = 0;
  choices.count = 1;
  if (device.profile) {
    for (const each of device.profile) put(choices, each);
  } else {
    if (mostIn > tiny) {
      const to = Math.min(mostIn, roomWh);
      if (device.ownWill) put(choices, to);
      else if (device.onOff) {
        if (mostIn >= (device.maxIn[slot] as number) - tiny && roomWh > tiny) put(choices, mostIn);
      } else if (to > tiny) {
        const least = device.minIn[slot] as number;
        if (to >= least) putRange(choices, device, slot, raw, least, to, gain);
        // Nearly full it may end below its least power where it must charge until it is full.
        else if ((device.demand[slot] as number) > 0) put(choices, to);
      }
    }
    if (mostOut > tiny) {
      const to = Math.min(mostOut, Math.max(0, (raw - device.floor) / device.drain));
      if (to > tiny) putRange(choices, device, slot, raw, -to, 0, device.drain);
    }
  }
  price(choices, device, slot, raw, roomWh);
  // Choice 1 stays a programme's first step: where it may not begin, it is there and never picked.
  if (device.profile && mostIn <= 0) choices.money[1] = Infinity;
}

/** All that is worth trying from `from` to `to` Wh; `factor` is Wh of fill for each of them. */
function putRange(choices: Choices, device: Device, slot: number, raw: number, from: number, to: number, factor: number): void {
  const [above, below] = [from + tiny, to - tiny];
  if (from > tiny || from < -tiny) put(choices, from);
  if (to > tiny || to < -tiny) put(choices, to);
  const { count, at } = choices.slotMoney;
  for (let index = 0; index < count; index += 1) {
    const wh = at[index] as number;
    if (wh > above && wh < below) put(choices, wh);
  }
  const toLow = ((device.low[slot] as number) - raw) / factor;
  if (toLow > above && toLow < below) put(choices, toLow);
  const toHigh = ((device.high[slot] as number) - raw) / factor;
  if (toHigh > above && toHigh < below) put(choices, toHigh);
  const { step, low } = choices.next;
  if (step <= 0) return;
  const reach = ((to - from) * factor) / step;
  const every = Math.max(1, Math.ceil(reach / mostLandings));
  const lowest = Math.floor((raw + from * factor - low) / step) + 1;
  for (let tries = 0; tries <= mostLandings; tries += 1) {
    const wh = (low + (lowest + tries * every) * step - raw) / factor;
    if (wh >= below) break;
    if (wh > above) put(choices, wh);
  }
}

function put(choices: Choices, wh: number): void {
  if (choices.count >= most) return;
  choices.wh[choices.count] = wh;
  choices.count += 1;
}

/** Fill and money of each choice. */
function price(
  { count, wh, money, fill, below, share, next, slotMoney }: Choices,
  device: Device,
  slot: number,
  raw: number,
  roomWh: number,
): void {
  const { ceiling, floor, drain, shortfallPrice } = device;
  const gain = device.gain[slot] as number;
  const low = device.low[slot] as number;
  const high = device.high[slot] as number;
  const demand = device.demand[slot] as number;
  const { at, from, slope } = slotMoney;
  const lastBend = slotMoney.count - 1;
  const perStep = next.step > 0 ? 1 / next.step : 0;
  const lastBelow = next.count - 2;
  for (let index = 0; index < count; index += 1) {
    const energy = wh[index] as number;
    let after = raw + energy * (energy >= 0 ? gain : drain);
    if (after > ceiling) after = ceiling;
    if (after < floor) after = floor;
    let bend = lastBend;
    while (bend > 0 && (at[bend] as number) > energy) bend -= 1;
    let paid = (from[bend] as number) + (slope[bend] as number) * (energy - (at[bend] as number));
    if (after < low) paid += (low - after) * shortfallPrice;
    else if (after > high) paid += (after - high) * shortfallPrice;
    if (energy < demand) paid += Math.max(0, Math.min(demand, roomWh) - Math.max(0, energy)) * shortfallPrice;
    const place = (after - next.low) * perStep;
    const level = place <= 0 ? 0 : place >= lastBelow ? lastBelow : place | 0;
    fill[index] = after;
    money[index] = paid;
    below[index] = level;
    share[index] = place - level;
  }
}
