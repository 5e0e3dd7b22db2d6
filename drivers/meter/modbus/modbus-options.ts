import { z } from "zod";
import { familyNames } from "./family-names.ts";

/** Options in YAML of every meter that is a unit on a Modbus line. */
export const UnitOptions = { unit_id: z.int().min(1).max(247), poll_s: z.number().min(1).max(300).default(5) };

/** Options in YAML. */
export const ModbusOptions = z.strictObject({
  family: z.enum(familyNames, { error: `no family of this name (have: ${familyNames.join(", ")})` }),
  ...UnitOptions,
  reversed: z.boolean().default(false),
  one_way: z.boolean().default(false),
  order: z.enum(["auto", "ABCD", "CDAB"]).default("auto"),
});

/** Options in YAML of the SDM630 under the name of its own driver. */
export const Sdm630Options = z.strictObject(UnitOptions);
