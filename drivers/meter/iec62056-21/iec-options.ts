import { z } from "zod";
import { meterZones } from "../meter-zone.ts";
import { SerialOptions } from "../serial-options.ts";
import { speeds } from "./identification.ts";

/** Options in YAML. */
export const IecOptions = z.strictObject({
  ...SerialOptions,
  /** Zone of the meter's clock by its winter time. */
  zone: z.enum([...meterZones, "TRT"]).default("CET"),
  mode: z.enum(["auto", "A", "B", "C", "D"]).default("auto"),
  address: z
    .string()
    .regex(/^[0-9A-Za-z ]{0,32}$/, "at most 32 letters and digits, as on the meter's face")
    .default(""),
  /** More than 9600 is too fast for many optical heads. */
  max_baud: z.literal([...speeds]).default(9600),
  wake_up: z.boolean().default(false),
  poll_s: z.number().min(60).max(86_400).default(900),
});
