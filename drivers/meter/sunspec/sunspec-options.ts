import { z } from "zod";

/** Options in YAML. */
export const SunSpecOptions = z.strictObject({
  unit_id: z.int().min(1).max(247),
  poll_s: z.number().min(1).max(300).default(5),
  model: z.enum(["auto", "meter", "inverter", "battery"]).default("auto"),
  positive_power: z.enum(["import", "export"]).default("import"),
});
