import type { Values } from "../modbus/block-reader.ts";
import type { Sample } from "../modbus/decode-register.ts";
import type { Measurement } from "../modbus/measurement.ts";
import type { Model } from "./models.ts";

/** An acc32 begins anew behind 2^32 - 1. */
const span = 2 ** 32;
/** Counts between two polls that still are one step over the end, and no other counter. */
const near = 2 ** 24;

/** Where one counter stands. */
interface Turns {
  raw: number;
  /** How often it began anew. */
  turns: number;
}

/**
 * Goes on counting where a counter of 32 bits begins anew, so that energy never falls. A counter that falls from anywhere
 * else is passed on as it is, for the ledger to judge. What was counted over is lost with the process.
 * @returns the values with their counters continued
 * @see SunSpec Information Model Specification, 4.2 (acc32)
 */
export function rollover(): (values: Values, model: Model) => Values {
  const counters = new Map<Measurement, Turns>();
  const continued = (measurement: Measurement, sample: Sample): Sample => {
    const { raw } = sample;
    const before = counters.get(measurement) ?? { raw, turns: 0 };
    let { turns } = before;
    if (before.raw > span - near && raw < near) turns++;
    // A poll that was a little late, or a device that took back its last counts.
    else if (before.raw < near && raw > span - near && turns > 0) turns--;
    counters.set(measurement, { raw, turns });
    return { ...sample, raw: raw + turns * span };
  };
  return (values, { points }) => {
    const found = new Map(values);
    for (const { measurement, type } of points) {
      const sample = values.get(measurement);
      if (type === "acc32" && sample) found.set(measurement, continued(measurement, sample));
    }
    return found;
  };
}
