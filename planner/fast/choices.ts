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
  /** Wh, at the places below: figures in fields of their own would be boxed anew each time. */
  now: Float64Array;
}

/** The fill at the slot's start; after it with nothing in or out; what goes in until it is full; the range that is looked at. */
const fillNow = 0;
const fillIdle = 1;
const room = 2;
const rangeFrom = 3;
const rangeTo = 4;

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
    now: new Float64Array(5),
  };
}

/** Says at what fill level the slot begins that is looked at next. */
export function startAt({ now }: Choices, fill: number): void {
  now[fillNow] = fill;
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
 * Fills `choices` with what may be done in the slot that was opened
 * at the fill level that was set. Between the bends of the slot's cost and
 * the levels of the next grid everything is linear, so that these, and the ends of the range, are all that needs to be tried.
 * It runs a hundred thousand times a plan: figures go from step to step through `choices`, where a call would box them.
 */
export function choicesAt(choices: Choices, device: Device, slot: number): void {
  const { wh, mostIn, mostOut, now } = choices;
  const gain = device.gain[slot] as number;
  const raw = (device.keep[slot] as number) * (now[fillNow] as number) + (device.add[slot] as number);
  const roomWh = gain > 0 ? Math.max(0, device.ceiling - raw) / gain : Infinity;
  now[fillIdle] = raw;
  now[room] = roomWh;
  wh[0] = 0;
  choices.count = 1;
  if (device.profile) {
    const { profile } = device;
    for (let step = 0; step < profile.length && step < most - 1; step += 1) wh[step + 1] = profile[step] as number;
    choices.count = Math.min(most, profile.length + 1);
  } else {
    if (mostIn > tiny) {
      const to = Math.min(mostIn, roomWh);
      const least = device.minIn[slot] as number;
      if (device.onOff || device.ownWill) {
        const may = device.ownWill || (mostIn >= (device.maxIn[slot] as number) - tiny && roomWh >= mostIn - tiny);
        if (may) {
          wh[1] = device.ownWill ? to : mostIn;
          choices.count = 2;
        }
      } else if (to > tiny && to >= least) {
        now[rangeFrom] = least;
        now[rangeTo] = to;
        putRange(choices, device, slot, true);
      } else if (to > tiny && to === roomWh && (device.demand[slot] as number) > 0) {
        // Nearly full it may end below its least power where it must charge until it is full.
        wh[1] = to;
        choices.count = 2;
      }
    }
    if (mostOut > tiny) {
      const to = Math.min(mostOut, Math.max(0, (raw - device.floor) / device.drain));
      if (to > tiny) {
        now[rangeFrom] = -to;
        now[rangeTo] = 0;
        putRange(choices, device, slot, false);
      }
    }
  }
  price(choices, device, slot);
  // Choice 1 stays a programme's first step: where it may not begin, it is there and never picked.
  if (device.profile && mostIn <= 0) choices.money[1] = Infinity;
}

/** All that is worth trying between `from` and `to`. */
function putRange(choices: Choices, device: Device, slot: number, goesIn: boolean): void {
  const { wh, now, slotMoney } = choices;
  const raw = now[fillIdle] as number;
  const from = now[rangeFrom] as number;
  const to = now[rangeTo] as number;
  const { step, low } = choices.next;
  const { at } = slotMoney;
  const bends = slotMoney.count;
  /** Wh of fill for each Wh. */
  const factor = goesIn ? (device.gain[slot] as number) : device.drain;
  const above = from + tiny;
  const below = to - tiny;
  let { count } = choices;
  if (goesIn ? from > tiny : true) {
    wh[count] = from;
    count += 1;
  }
  if (goesIn) {
    wh[count] = to;
    count += 1;
  }
  for (let index = 0; index < bends; index += 1) {
    const bend = at[index] as number;
    if (bend <= above || bend >= below) continue;
    wh[count] = bend;
    count += 1;
  }
  const toLow = ((device.low[slot] as number) - raw) / factor;
  if (toLow > above && toLow < below) {
    wh[count] = toLow;
    count += 1;
  }
  const toHigh = ((device.high[slot] as number) - raw) / factor;
  if (toHigh > above && toHigh < below) {
    wh[count] = toHigh;
    count += 1;
  }
  const demand = device.demand[slot] as number;
  if (goesIn && demand > above && demand < below) {
    wh[count] = demand;
    count += 1;
  }
  if (step > 0) {
    const every = Math.max(1, Math.ceil(((to - from) * factor) / step / mostLandings));
    const lowest = Math.floor((raw + from * factor - low) / step) + 1;
    for (let tries = 0; tries <= mostLandings; tries += 1) {
      const landing = (low + (lowest + tries * every) * step - raw) / factor;
      if (landing >= below) break;
      if (landing <= above) continue;
      wh[count] = landing;
      count += 1;
    }
  }
  choices.count = count;
}

/** Fill and money of each choice. */
function price(choices: Choices, device: Device, slot: number): void {
  const { count, wh, money, fill, below, share, next, now } = choices;
  const raw = now[fillIdle] as number;
  const { at, from, slope } = choices.slotMoney;
  const lastBend = choices.slotMoney.count - 1;
  const { ceiling, floor, drain, shortfallPrice } = device;
  const gain = device.gain[slot] as number;
  const low = device.low[slot] as number;
  const high = device.high[slot] as number;
  const demand = device.demand[slot] as number;
  const lowest = next.low;
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
    if (energy < demand) {
      // What it gives makes room that a demand wants filled.
      const left = gain > 0 ? (ceiling - after) / gain : Infinity;
      paid += Math.max(0, Math.min(demand - (energy > 0 ? energy : 0), left)) * shortfallPrice;
    }
    const place = (after - lowest) * perStep;
    const level = place <= 0 ? 0 : place >= lastBelow ? lastBelow : place | 0;
    fill[index] = after;
    money[index] = paid;
    below[index] = level;
    share[index] = place - level;
  }
}
