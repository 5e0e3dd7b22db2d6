import { z } from "zod";
import { KeyOptions } from "../dlms/key-options.ts";
import { meterZones } from "../meter-zone.ts";
import { SerialOptions } from "../serial-options.ts";

/** Options in YAML. */
export const DsmrOptions = z.strictObject({
  ...SerialOptions,
  ...KeyOptions,
  /** Zone of the meter's clock by its winter time. */
  zone: z.enum(meterZones).default("CET"),
  /** Whose numbering of tariffs counts; told from the telegram where it is left out. */
  country: z.enum(["NL", "BE"]).optional(),
});
