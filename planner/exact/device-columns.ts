import type { Device, Home } from "../home.ts";
import { isRuled } from "../run-rules.ts";
import type { LinearModel } from "./linear-model.ts";
import { runRows } from "./run-rows.ts";

/** Columns of one appliance by slot; -1 where there is none. Energies in kWh. */
export interface DeviceColumns {
  taken: number[];
  given: number[];
  /** 1 where it takes something. */
  on: number[];
  /** The fill at the end of the slot. */
  fill: number[];
}

const perKwh = 1000;

/** The appliance's own part of the program: its fill from slot to slot, its wishes, and when it may run. */
export function deviceColumns(
  model: LinearModel,
  home: Home,
  device: Device,
  options: { whole: "all" | "duty"; exporting: readonly (number | null)[] },
): DeviceColumns {
  const slots = home.hours.length;
  if (device.profile) return programme(model, home, device, device.profile, options.whole === "all");
  const taken: number[] = [];
  const given: number[] = [];
  const on: number[] = [];
  const fills: number[] = [];
  const duty = options.whole === "duty";
  const ruled = isRuled(device.run) && !duty;
  const price = device.shortfallPrice * perKwh;
  const lowest = lowestFill(device) / perKwh;
  let before = -1;
  for (let slot = 0; slot < slots; slot += 1) {
    const [most, mostOut] = [(device.maxIn[slot] ?? 0) / perKwh, (device.maxOut[slot] ?? 0) / perKwh];
    const least = Math.min((device.minIn[slot] ?? 0) / perKwh, most);
    const isOnOff = device.onOff && !duty;
    const stepped = (least > 0 && !(duty && device.onOff)) || isOnOff || ruled || (device.ownWill && !duty);
    taken.push(most > 0 ? model.column(0, most, device.wear * perKwh) : -1);
    given.push(mostOut > 0 ? model.column(0, mostOut, device.wear * perKwh) : -1);
    on.push(most > 0 && stepped ? model.column(0, 1, 0, true) : -1);
    const last = slot === slots - 1;
    const fill = model.column(bounded(device.floor), bounded(device.ceiling), last ? -device.finalValue * perKwh : 0);
    const keep = device.keep[slot] ?? 1;
    const fixed = ((device.add[slot] ?? 0) + (before < 0 ? keep * device.initial : 0)) / perKwh;
    const dynamics: [number, number][] = [
      [fill, 1],
      [before, -keep],
      [taken[slot] ?? -1, -(device.gain[slot] ?? 1)],
      [given[slot] ?? -1, device.drain],
    ];
    model.row(fixed, fixed, dynamics);
    const [low, high] = [device.low[slot] ?? -Infinity, device.high[slot] ?? Infinity];
    if (low > device.floor)
      model.row(low / perKwh, Infinity, [
        [fill, 1],
        [model.column(0, Infinity, price), 1],
      ]);
    if (high < device.ceiling)
      model.row(-Infinity, high / perKwh, [
        [fill, 1],
        [model.column(0, Infinity, price), -1],
      ]);
    const [column, switched] = [taken[slot] ?? -1, on[slot] ?? -1];
    const [demand, ceiling] = [(device.demand[slot] ?? 0) / perKwh, device.ceiling / perKwh];
    // 1 where it ends full: then it may end below its least power, where it must charge until then or has a will of its own.
    const mayEndWeak = device.ownWill || (demand > 0 && least > 0);
    const endsFull = switched >= 0 && mayEndWeak ? model.column(0, 1, 0, true) : -1;
    if (endsFull >= 0)
      model.row(lowest, Infinity, [
        [fill, 1],
        [endsFull, lowest - ceiling],
      ]);
    if (column >= 0 && switched >= 0) {
      model.row(-Infinity, 0, [
        [column, 1],
        [switched, -most],
      ]);
      const floor = isOnOff || device.ownWill ? most : least;
      if (floor > 0)
        model.row(0, Infinity, [
          [column, 1],
          [switched, -floor],
          [endsFull, floor],
        ]);
    }
    if (demand > 0 && column >= 0)
      demanded(model, {
        column,
        fill,
        demand,
        price,
        roomAtMost: (ceiling - lowest) / (device.gain[slot] ?? 1),
        ceiling,
        gain: device.gain[slot] ?? 1,
      });
    direction(model, home, device, {
      slot,
      column,
      out: given[slot] ?? -1,
      most,
      mostOut,
      exporting: options.exporting[slot] ?? null,
    });
    fills.push(fill);
    before = fill;
  }
  if (ruled) runRows(model, device.run, on, device.maxIn);
  return { taken, given, on, fill: fills };
}

/** What a demand misses: what was not taken of it, or, where that is less, what is left until it is full. */
function demanded(
  model: LinearModel,
  one: { column: number; fill: number; demand: number; price: number; ceiling: number; gain: number; roomAtMost: number },
): void {
  const { column, fill, demand, price, ceiling, gain, roomAtMost } = one;
  const missed = model.column(0, Infinity, price);
  const byRoom = model.column(0, 1, 0, true);
  model.row(demand, Infinity, [
    [column, 1],
    [missed, 1],
    [byRoom, demand],
  ]);
  model.row(ceiling / gain - roomAtMost, Infinity, [
    [missed, 1],
    [fill, 1 / gain],
    [byRoom, -roomAtMost],
  ]);
}

/** A fill that it can never be below, Wh. */
function lowestFill({ floor, initial, add, maxOut, drain }: Device): number {
  if (Number.isFinite(floor)) return floor;
  return maxOut.reduce((fill, wh, slot) => fill - wh * drain + Math.min(0, add[slot] ?? 0), Math.min(0, initial));
}

/** What keeps it from taking and giving at once, and from the grid where that is forbidden. */
function direction(
  model: LinearModel,
  home: Home,
  device: Device,
  one: { slot: number; column: number; out: number; most: number; mostOut: number; exporting: number | null },
): void {
  const { slot, column, out, most, mostOut, exporting } = one;
  // With prices above nothing and no least power both at once only wastes energy: no optimum does it, and a whole column costs time.
  const wastePays =
    (home.importPrice[slot] ?? 0) < 0 ||
    (home.exportPrice[slot] ?? 0) < 0 ||
    (home.traded?.undrawnPrice[slot] ?? 0) < 0 ||
    (home.traded?.unfedPrice[slot] ?? 0) < 0 ||
    Number.isFinite(home.exportLimitWh[slot] ?? Infinity) ||
    (device.demand[slot] ?? 0) > 0 ||
    (device.minIn[slot] ?? 0) > 0;
  if (column >= 0 && out >= 0 && (wastePays || device.initial > (device.high[0] ?? Infinity))) {
    const gives = model.column(0, 1, 0, true);
    model.row(-Infinity, 0, [
      [out, 1],
      [gives, -mostOut],
    ]);
    model.row(-Infinity, most, [
      [column, 1],
      [gives, most],
    ]);
  }
  if (exporting === null) return;
  if (!device.chargeFromGrid && column >= 0)
    model.row(-Infinity, 0, [
      [column, 1],
      [exporting, -most],
    ]);
  if (!device.dischargeToGrid && out >= 0)
    model.row(-Infinity, mostOut, [
      [out, 1],
      [exporting, mostOut],
    ]);
}

/** One start among those that are possible; each brings the energies of the whole programme. */
function programme(model: LinearModel, home: Home, device: Device, profile: Float64Array, whole: boolean): DeviceColumns {
  const slots = home.hours.length;
  const missed = profile.reduce((sum, wh) => sum + wh, 0) * device.shortfallPrice;
  const starts = Array.from({ length: slots }, (_, slot) => ((device.maxIn[slot] ?? 0) > 0 ? model.column(0, 1, 0, whole) : -1));
  model.row(1, 1, [...starts.map((column): [number, number] => [column, 1]), [model.column(0, 1, missed), 1]]);
  const taken = Array.from({ length: slots }, (_, slot) => {
    const column = model.column(0, Infinity, 0);
    const parts = Array.from(profile, (wh, step): [number, number] => [starts[slot - step] ?? -1, -wh / perKwh]);
    model.row(0, 0, [[column, 1], ...parts]);
    return column;
  });
  const none = starts.map(() => -1);
  return { taken, given: none, on: starts, fill: none };
}

const bounded = (wh: number): number => (Number.isFinite(wh) ? wh / perKwh : wh);
