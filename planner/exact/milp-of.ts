import type { Home } from "../home.ts";
import { deviceColumns, type DeviceColumns } from "./device-columns.ts";
import { gridColumns } from "./grid-columns.ts";
import { linearModel, type LinearModel } from "./linear-model.ts";

/** A home as a mixed-integer linear program, and where its parts are. Energies in kWh, money in the currency. */
export interface Milp {
  model: LinearModel;
  devices: DeviceColumns[];
  /** Row of each slot in which what comes in equals what goes out. */
  balance: number[];
  /** What crosses the meter in each slot: columns and how they count, import positive. */
  grid: [number, number][][];
}

/** What of the program is whole. */
export interface MilpOptions {
  /**
   * "all": every choice is a whole one. "duty": relays may be on for a part of a slot and rest and run times are dropped, which
   * only makes a plan cheaper: its optimum is a proven bound, and quickly found.
   */
  whole: "all" | "duty";
}

const perKwh = 1000;

/** The home's program: import, export and curtailment by slot, each appliance, and the limits with a price on passing them. */
export function milpOf(home: Home, { whole }: MilpOptions): Milp {
  const model = linearModel();
  const slots = home.hours.length;
  const reach = reachKwh(home);
  const peak = home.capacity ? model.column(0, Infinity, home.capacity.pricePerW * perKwh) : -1;
  const exporting: (number | null)[] = [];
  const crossings: [number, number][][] = [];
  const grid: [number, number][][] = [];
  for (let slot = 0; slot < slots; slot += 1) {
    const pvKwh = (home.pvWh[slot] ?? 0) / perKwh;
    const columns = gridColumns(model, home, slot, reach[slot] ?? 0);
    const curtailed = home.curtailable && pvKwh > 0 ? model.column(0, pvKwh, 0) : -1;
    if (peak >= 0) {
      const h = home.hours[slot] ?? 1;
      model.row(-Infinity, ((home.capacity?.alreadyW ?? 0) / perKwh) * h, [...columns.imported, [peak, -h]]);
    }
    const through = [...columns.imported, ...columns.exported.map(([column]): [number, number] => [column, -1])];
    exporting.push(columns.exporting);
    grid.push(through);
    crossings.push([...through, [columns.lost, -1], [curtailed, -1]]);
  }
  const devices = home.devices.map((device) => deviceColumns(model, home, device, { whole, exporting }));
  const first = model.rows.lower.length;
  for (let slot = 0; slot < slots; slot += 1) {
    const fixed = ((home.baseWh[slot] ?? 0) - (home.pvWh[slot] ?? 0)) / perKwh;
    const flows = devices.flatMap(({ taken, given }): [number, number][] => [
      [taken[slot] ?? -1, -1],
      [given[slot] ?? -1, 1],
    ]);
    model.row(fixed, fixed, [...(crossings[slot] ?? []), ...flows]);
  }
  return { model, devices, balance: Array.from(home.hours, (_, slot) => first + slot), grid };
}

/** More than can cross the meter in each slot, kWh. */
function reachKwh(home: Home): Float64Array {
  return home.hours.map((_, slot) => {
    let most = Math.abs(home.baseWh[slot] ?? 0) + (home.pvWh[slot] ?? 0);
    for (const device of home.devices)
      most += device.profile ? Math.max(...device.profile) : Math.max(device.maxIn[slot] ?? 0, device.maxOut[slot] ?? 0);
    return most / perKwh + 0.001;
  });
}
