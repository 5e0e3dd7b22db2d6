import { curveAt, type CostCurves } from "../cost-curves.ts";
import type { Device } from "../home.ts";

/** What the rest of the home does while one appliance is planned. */
export interface Rest {
  curves: CostCurves;
  /** Net energy without the appliance, Wh a slot; positive is import. */
  net: Float64Array;
  /** Import above this is charged with peakPrice for each Wh. */
  peakWh: Float64Array;
  peakPrice: number;
}

/**
 * What an appliance may do in a slot: energy (Wh, negative gives), fill after it, money for the slot. Choice 0 is nothing; of
 * a programme choice 1 + n is its step n. Used again for every slot and level.
 */
export interface Choices {
  count: number;
  /** Nothing can go in here, however empty it is. */
  barred: boolean;
  wh: Float64Array;
  fill: Float64Array;
  money: Float64Array;
  /** Filled by whoever picks among them. */
  picked: number;
  least: number;
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
    fill: new Float64Array(most),
    money: new Float64Array(most),
    picked: 0,
    least: 0,
  };
}

/**
 * Fills `choices` with what may be done in a slot at fill level `x`. Between the bends of the slot's cost and the levels of the
 * next grid everything is linear, so that these, and the ends of the range, are all that needs to be tried.
 * @param nextLow lowest level of the next grid, Wh
 * @param step distance of its levels, Wh
 */
export function choicesAt(
  choices: Choices,
  device: Device,
  rest: Rest,
  slot: number,
  x: number,
  nextLow: number,
  step: number,
): void {
  const gain = device.gain[slot] as number;
  const raw = (device.keep[slot] as number) * x + (device.add[slot] as number);
  const net = rest.net[slot] as number;
  const roomWh = gain > 0 ? Math.max(0, device.ceiling - raw) / gain : Infinity;
  let mostIn = device.maxIn[slot] as number;
  if (!device.chargeFromGrid) mostIn = Math.min(mostIn, Math.max(0, -net));
  let mostOut = device.maxOut[slot] as number;
  if (!device.dischargeToGrid) mostOut = Math.min(mostOut, Math.max(0, net));
  choices.count = 0;
  choices.barred = mostIn <= tiny;
  put(choices, device, rest, slot, raw, roomWh, 0);
  if (device.profile) {
    for (let index = 0; index < device.profile.length; index += 1) {
      put(choices, device, rest, slot, raw, roomWh, device.profile[index] as number);
      // Choice 1 + n stays step n: where it may not begin, its first step is there and never picked.
      if (index === 0 && mostIn <= 0) choices.money[choices.count - 1] = Infinity;
    }
    return;
  }
  if (mostIn > tiny) {
    if (device.ownWill) put(choices, device, rest, slot, raw, roomWh, Math.min(mostIn, roomWh));
    else if (device.onOff) {
      if (mostIn >= (device.maxIn[slot] as number) - tiny && roomWh > tiny) put(choices, device, rest, slot, raw, roomWh, mostIn);
    } else {
      const to = Math.min(mostIn, roomWh);
      const least = device.minIn[slot] as number;
      if (to > tiny && to >= least) putRange(choices, device, rest, slot, raw, roomWh, least, to, gain, nextLow, step);
      // Nearly full it may end below its least power where it must charge until it is full.
      else if (to > tiny && (device.demand[slot] as number) > 0) put(choices, device, rest, slot, raw, roomWh, to);
    }
  }
  if (mostOut > tiny) {
    const to = Math.min(mostOut, Math.max(0, (raw - device.floor) / device.drain));
    if (to > tiny) putRange(choices, device, rest, slot, raw, roomWh, -to, 0, device.drain, nextLow, step);
  }
}

/** All that is worth trying from `from` to `to` Wh; `factor` is Wh of fill for each of them. */
function putRange(
  choices: Choices,
  device: Device,
  rest: Rest,
  slot: number,
  raw: number,
  roomWh: number,
  from: number,
  to: number,
  factor: number,
  nextLow: number,
  step: number,
): void {
  if (Math.abs(from) > tiny) put(choices, device, rest, slot, raw, roomWh, from);
  if (Math.abs(to) > tiny) put(choices, device, rest, slot, raw, roomWh, to);
  const { curves } = rest;
  const net = rest.net[slot] as number;
  const first = slot * curves.most;
  const inside = (wh: number): boolean => wh > from + tiny && wh < to - tiny;
  // The first point of a curve is no bend.
  for (let index = first + (curves.count[slot] as number) - 1; index > first; index -= 1) {
    const wh = (curves.at[index] as number) - net;
    if (inside(wh)) put(choices, device, rest, slot, raw, roomWh, wh);
  }
  const atPeak = (rest.peakWh[slot] as number) - net;
  if (inside(atPeak)) put(choices, device, rest, slot, raw, roomWh, atPeak);
  const toLow = ((device.low[slot] as number) - raw) / factor;
  if (inside(toLow)) put(choices, device, rest, slot, raw, roomWh, toLow);
  const toHigh = ((device.high[slot] as number) - raw) / factor;
  if (inside(toHigh)) put(choices, device, rest, slot, raw, roomWh, toHigh);
  if (step <= 0) return;
  const reach = ((to - from) * factor) / step;
  const every = Math.max(1, Math.ceil(reach / mostLandings));
  const lowest = Math.floor((raw + from * factor - nextLow) / step) + 1;
  for (let tries = 0; tries <= mostLandings; tries += 1) {
    const wh = (nextLow + (lowest + tries * every) * step - raw) / factor;
    if (wh >= to - tiny) break;
    if (inside(wh)) put(choices, device, rest, slot, raw, roomWh, wh);
  }
}

function put(choices: Choices, device: Device, rest: Rest, slot: number, raw: number, roomWh: number, wh: number): void {
  const at = choices.count;
  if (at >= most) return;
  let fill = wh >= 0 ? raw + (device.gain[slot] as number) * wh : raw + device.drain * wh;
  if (fill > device.ceiling) fill = device.ceiling;
  if (fill < device.floor) fill = device.floor;
  const net = (rest.net[slot] as number) + wh;
  let money = curveAt(rest.curves, slot, net) + (wh < 0 ? -wh : wh) * device.wear;
  if (rest.peakPrice > 0 && net > (rest.peakWh[slot] as number)) money += (net - (rest.peakWh[slot] as number)) * rest.peakPrice;
  const low = device.low[slot] as number;
  const high = device.high[slot] as number;
  if (fill < low) money += (low - fill) * device.shortfallPrice;
  else if (fill > high) money += (fill - high) * device.shortfallPrice;
  const demand = device.demand[slot] as number;
  if (wh < demand) money += Math.max(0, Math.min(demand, roomWh) - Math.max(0, wh)) * device.shortfallPrice;
  choices.wh[at] = wh;
  choices.fill[at] = fill;
  choices.money[at] = money;
  choices.count = at + 1;
}
