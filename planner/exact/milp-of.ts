import type { Home } from "../home.ts";
import { deviceColumns, type DeviceColumns } from "./device-columns.ts";
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
  const imports: number[] = [];
  const exporting: (number | null)[] = [];
  const exports: number[] = [];
  const crossings: [number, number][][] = [];
  const grid: [number, number][][] = [];
  for (let slot = 0; slot < slots; slot += 1) {
    const importPrice = (home.importPrice[slot] ?? 0) * perKwh;
    const exportPrice = (home.exportPrice[slot] ?? 0) * perKwh;
    const [mostImport, mostExport] = [
      (home.importLimitWh[slot] ?? Infinity) / perKwh,
      (home.exportLimitWh[slot] ?? Infinity) / perKwh,
    ];
    const taken = model.column(0, Math.min(mostImport, reach[slot] ?? 0), importPrice);
    const given = model.column(0, Math.min(mostExport, reach[slot] ?? 0), -exportPrice);
    const overImport = Number.isFinite(mostImport)
      ? model.column(0, reach[slot] ?? 0, importPrice + home.gridPenalty * perKwh)
      : -1;
    const overExport = Number.isFinite(mostExport) ? model.column(0, reach[slot] ?? 0, home.gridPenalty * perKwh) : -1;
    const pvKwh = (home.pvWh[slot] ?? 0) / perKwh;
    const curtailed = home.curtailable && pvKwh > 0 ? model.column(0, pvKwh, 0) : -1;
    // Where selling pays more than buying costs, nothing but a rule keeps it from doing both at once.
    const ruled = home.devices.some((device) => !device.chargeFromGrid || !device.dischargeToGrid);
    const direction = exportPrice > importPrice || ruled ? model.column(0, 1, 0, true) : null;
    if (direction !== null) {
      const far = reach[slot] ?? 0;
      model.row(-Infinity, far, [
        [taken, 1],
        [overImport, 1],
        [direction, far],
      ]);
      model.row(-Infinity, 0, [
        [given, 1],
        [overExport, 1],
        [direction, -far],
      ]);
    }
    if (peak >= 0) {
      const h = home.hours[slot] ?? 1;
      model.row(-Infinity, ((home.capacity?.alreadyW ?? 0) / perKwh) * h, [
        [taken, 1],
        [overImport, 1],
        [peak, -h],
      ]);
    }
    imports.push(taken);
    exports.push(given);
    exporting.push(direction);
    grid.push([
      [taken, 1],
      [overImport, 1],
      [given, -1],
    ]);
    crossings.push([
      [taken, 1],
      [overImport, 1],
      [given, -1],
      [overExport, -1],
      [curtailed, -1],
    ]);
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
