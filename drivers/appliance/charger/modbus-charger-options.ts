import { z } from "zod";
import { chargerFamilyNames } from "./charger-family-names.ts";

/**
 * Options in YAML. Where IEC 61851 ends is where charging does: no car charges with less than 6 A.
 * Most units are below 248; KEBA's is 255.
 */
export const ModbusChargerOptions = z.strictObject({
  family: z.enum(chargerFamilyNames, { error: `no family of this name (have: ${chargerFamilyNames.join(", ")})` }),
  unit_id: z.int().min(1).max(255),
  min_current_a: z.number().min(6).max(32).default(6),
  max_current_a: z.number().min(6).max(32),
  phases: z.union([z.literal(1), z.literal(3)]),
});
