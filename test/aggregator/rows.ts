import type { MeasurementItem, Measurements } from "../../core/message/measurements.ts";
import type { AggregatorStore } from "../../aggregator/store/aggregator-store.ts";
import { openStore } from "../../aggregator/store/open-store.ts";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { scratch } from "../fake/scratch.ts";

/** Runs of an agent. */
export const [bootOne, bootTwo] = ["0b7d4c1e-4d7e-4c0a-9a58-1c5d1f0e7a01", "7f1f8f0a-2f8e-4f5b-8f11-3d9d5a6b2c02"] as const;
/** 2026-03-01T23:00:00Z, midnight in Amsterdam. */
export const midnightMs = Date.parse("2026-03-01T23:00:00Z");
export const quarterMs = 900_000;

/** A store in a file of the running test. */
export async function scratchStore(): Promise<{ store: AggregatorStore; file: string; reopen(): Promise<AggregatorStore> }> {
  const file = join(scratch("aggregator"), "data.db");
  let store = await openStore(file);
  onTestFinished(() => store.close());
  return {
    store,
    file,
    async reopen() {
      await store.close();
      store = await openStore(file);
      return store;
    },
  };
}

type Slot = Extract<MeasurementItem, { kind: "slot" }>;

/** A quarter of an hour of the grid meter, `index` quarters after midnight. */
export function slotItem(seq: number, index: number, wh: number, change: Partial<Slot> = {}): Slot {
  return {
    kind: "slot",
    seq,
    meter: "grid",
    role: "grid",
    register: "import",
    start: new Date(midnightMs + index * quarterMs).toISOString(),
    end: new Date(midnightMs + (index + 1) * quarterMs).toISOString(),
    wh,
    quality: "valid",
    clockSynced: true,
    ...change,
  };
}

export function sampleItem(seq: number): MeasurementItem {
  const at = new Date(midnightMs + seq * 1000).toISOString();
  return {
    kind: "sample",
    seq,
    meter: "grid",
    at,
    powerW: 700 + seq,
    importWh: 1000 + seq,
    exportWh: 0,
    quality: "valid",
    clockSynced: true,
  };
}

export function switchItem(seq: number): MeasurementItem {
  return {
    kind: "switch",
    seq,
    resource: "boiler",
    at: new Date(midnightMs).toISOString(),
    on: seq % 2 === 0,
    reason: "cheapest hours",
  };
}

export function message(items: MeasurementItem[], boot: string = bootOne): Measurements {
  return { v: 1, boot, items };
}

/** Readings that a home gave up. */
export function gapItem(seq: number, through: number): MeasurementItem {
  const [from, to] = [seq, through].map((at) => new Date(midnightMs + at * 1000).toISOString());
  return { kind: "gap", seq, through, from: from ?? "", to: to ?? "", reason: "no room" };
}
