import type { Values } from "./block-reader.ts";
import { figure } from "./decode-register.ts";
import type { Measurement } from "./measurement.ts";

/** Between phase and neutral, V: every grid of the world, with some sag. */
const voltageV = { least: 80, most: 300 };
const frequencyHz = { least: 45, most: 65 };
/** More does not flow into a home between two polls: 1 MW for a minute, or the same over a longer time. */
const mostW = 1_000_000;
const leastMs = 60_000;

const voltages: readonly Measurement[] = ["voltage", "voltageL1", "voltageL2", "voltageL3"];

/** Whether the voltages can be: "silent" where none is said. Zero says nothing, since a phase may not be connected. */
export function voltageVerdict(values: Values): "good" | "bad" | "silent" {
  const said = voltages.flatMap((name) => {
    const sample = values.get(name);
    return sample && sample.raw !== 0 ? [figure(sample)] : [];
  });
  if (said.length === 0) return "silent";
  return said.every((value) => value >= voltageV.least && value <= voltageV.most) ? "good" : "bad";
}

/**
 * Whether the first values of a device can be those of the family that the configuration names.
 * @param unverified measurements that nothing is judged by
 */
export function isPlausible(values: Values, unverified: readonly Measurement[] = []): boolean {
  for (const sample of values.values()) if (sample && !Number.isFinite(sample.raw)) return false;
  const frequency = unverified.includes("frequency") ? null : values.get("frequency");
  const hz = frequency ? figure(frequency) : 0;
  if (hz !== 0 && (hz < frequencyHz.least || hz > frequencyHz.most)) return false;
  return voltageVerdict(values) !== "bad";
}

/** Counters after the start of a device or of this program. */
export interface FirstCounters {
  /** The counter, or null until two reads in a row agree. Wh. */
  believed(name: "import" | "export", wh: number | null, atMs: number): number | null;
}

/**
 * Some meters say 0 or an old count for a moment after they start. As the first count it would make the next true one a
 * jump, so a first count is believed only when the next one is the same or a little more. After that every count is passed
 * on: one that runs backwards is for the ledger to judge.
 */
export function firstCounters(): FirstCounters {
  const counters = { import: { good: false, wh: -1, atMs: 0 }, export: { good: false, wh: -1, atMs: 0 } };
  return {
    believed(name, wh, atMs) {
      const counter = counters[name];
      if (counter.good || wh === null) return wh;
      const mostWh = (mostW * Math.max(atMs - counter.atMs, leastMs)) / 3_600_000;
      const agrees = counter.wh >= 0 && wh >= counter.wh && wh - counter.wh <= mostWh;
      counters[name] = { good: agrees, wh, atMs };
      return agrees ? wh : null;
    },
  };
}
