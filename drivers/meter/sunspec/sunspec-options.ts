import { z } from "zod";
import { UnitOptions } from "../modbus/modbus-options.ts";

/** Options in YAML. */
export const SunSpecOptions = z.strictObject({
  ...UnitOptions,
  model: z.enum(["auto", "meter", "inverter", "battery"]).default("auto"),
  positive_power: z.enum(["import", "export"]).default("import"),
});
