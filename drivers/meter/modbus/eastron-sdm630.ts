import type { ModbusBus } from "../../bus/modbus-bus.ts";
import type { PollMeter, Stamp } from "../meter.ts";
import { modbusMeter } from "./modbus-meter.ts";

/** Family sdm630 under the name of its own driver, with counters from the first poll on. */
export function sdm630(options: { name: string; bus: ModbusBus; stamp: Stamp; unit: number; pollMs: number }): PollMeter {
  return modbusMeter({ ...options, family: "sdm630", counters: "at-once" });
}
