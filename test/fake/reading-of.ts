import type { Reading } from "../../core/reading.ts";

/** A believable reading of the grid meter, but for what the test changes. The meter's own time is unknown. */
export function readingOf(change: Partial<Reading> & { receivedMs: number }): Reading {
  return {
    meter: "grid",
    meterId: "TST-0001",
    meterMs: null,
    clockSynced: true,
    quality: "valid",
    importWh: 1_000_000,
    exportWh: 0,
    tariffs: {},
    powerW: 500,
    phases: [],
    subMeters: [],
    ...change,
  };
}
