import { z } from "zod";
import type { ModbusBus } from "../../bus/modbus-bus.ts";
import type { PollMeter, Stamp } from "../meter.ts";
import { modbusMeter } from "./modbus-meter.ts";

/** Options in YAML. */
export const Sdm630Options = z.strictObject({
  unit_id: z.int().min(1).max(247),
  poll_s: z.number().min(1).max(300).default(5),
});

/** Family sdm630 under the name of its own driver, with counters from the first poll on. */
export function sdm630(options: { name: string; bus: ModbusBus; stamp: Stamp; unit: number; pollMs: number }): PollMeter {
  return modbusMeter({ ...options, family: "sdm630", counters: "at-once" });
}
