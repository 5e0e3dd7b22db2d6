import type { Demand } from "../core/message/resource.ts";
import { lastLocalTime, nextLocalTime } from "../core/slots.ts";

/** A span in which an appliance must get its energy. Instants in ms. */
export interface DemandWindow {
  fromMs: number;
  readyMs: number;
}

type EnergyDemand = Extract<Demand, { kind: "energy" }>;

/** The windows of a daily demand that end after `fromMs` and by `toMs`, the one under way included. */
export function demandWindows(demand: EnergyDemand, zone: string, fromMs: number, toMs: number): DemandWindow[] {
  const windows: DemandWindow[] = [];
  for (
    let readyMs = nextLocalTime(demand.readyBy, zone, fromMs);
    readyMs <= toMs;
    readyMs = nextLocalTime(demand.readyBy, zone, readyMs)
  )
    windows.push({ fromMs: lastLocalTime(demand.notBefore, zone, readyMs - 1), readyMs });
  return windows;
}

/** The window that holds an instant, or undefined between windows. */
export function windowAt(demand: EnergyDemand, zone: string, atMs: number): DemandWindow | undefined {
  const readyMs = nextLocalTime(demand.readyBy, zone, atMs);
  const fromMs = lastLocalTime(demand.notBefore, zone, readyMs - 1);
  return fromMs <= atMs ? { fromMs, readyMs } : undefined;
}
