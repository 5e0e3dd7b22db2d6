import type { Home } from "../home.ts";
import type { LinearModel } from "./linear-model.ts";

type Entry = [column: number, share: number];

/** What crosses the meter in one slot, as columns and how they count. */
export interface GridColumns {
  imported: Entry[];
  exported: Entry[];
  /** What goes beyond the export limit and is lost; -1 where there is none. */
  lost: number;
  /** 1 where it exports; null where nothing has to keep it from doing both at once. */
  exporting: number | null;
}

const perKwh = 1000;

/** Import and export of a slot in kWh, at their prices and within the limits, with a price on passing them. @param far more than can cross, kWh */
export function gridColumns(model: LinearModel, home: Home, slot: number, far: number): GridColumns {
  const price = (of: Float64Array): number => (of[slot] ?? 0) * perKwh;
  const [importPrice, exportPrice] = [price(home.importPrice), price(home.exportPrice)];
  const penalty = home.gridPenalty * perKwh;
  const [mostImport, mostExport] = [
    (home.importLimitWh[slot] ?? Infinity) / perKwh,
    (home.exportLimitWh[slot] ?? Infinity) / perKwh,
  ];
  const { traded } = home;
  const bought = Math.min(far, (traded?.boughtWh[slot] ?? 0) / perKwh);
  const sold = Math.min(far, mostExport, (traded?.soldWh[slot] ?? 0) / perKwh);
  const undrawn = traded && bought > 0 ? price(traded.undrawnPrice) : importPrice;
  const unfed = traded && sold > 0 ? price(traded.unfedPrice) : exportPrice;
  const taken = model.column(0, bought > 0 ? far : Math.min(mostImport, far), importPrice);
  const given = model.column(0, Math.min(mostExport, far), -exportPrice);
  const drawn = bought > 0 ? model.column(0, bought, undrawn) : -1;
  const fed = sold > 0 ? model.column(0, sold, -unfed) : -1;
  // Beyond the limit it costs what it costs within, and the penalty.
  const over = Number.isFinite(mostImport) ? model.column(0, far, bought > 0 ? penalty : importPrice + penalty) : -1;
  const lost = Number.isFinite(mostExport) ? model.column(0, far, penalty) : -1;
  const imported: Entry[] = [
    [taken, 1],
    [bought > 0 ? drawn : over, 1],
  ];
  const exported: Entry[] = [
    [given, 1],
    [fed, 1],
  ];
  if (bought > 0 && over >= 0) model.row(-Infinity, mostImport, [...imported, [over, -1]]);
  if (sold > 0 && Number.isFinite(mostExport)) model.row(-Infinity, mostExport, exported);
  // What was traded comes first, also where it is worth less than what lies beyond it.
  if (undrawn > importPrice) inOrder(model, drawn, bought, taken, far);
  if (unfed < exportPrice) inOrder(model, fed, sold, given, far);
  // Where selling pays more than buying costs, nothing but a rule keeps it from doing both at once.
  const ruled = home.devices.some((device) => !device.chargeFromGrid || !device.dischargeToGrid);
  const exporting = Math.max(exportPrice, unfed) > Math.min(importPrice, undrawn) || ruled ? model.column(0, 1, 0, true) : null;
  if (exporting !== null) {
    model.row(-Infinity, far, [...imported, [exporting, far]]);
    model.row(-Infinity, 0, [...exported, [lost, 1], [exporting, -far]]);
  }
  return { imported, exported, lost, exporting };
}

/** The second only where the first is full. */
function inOrder(model: LinearModel, first: number, full: number, second: number, far: number): void {
  const isFull = model.column(0, 1, 0, true);
  model.row(0, Infinity, [
    [first, 1],
    [isFull, -full],
  ]);
  model.row(-Infinity, 0, [
    [second, 1],
    [isFull, -far],
  ]);
}
