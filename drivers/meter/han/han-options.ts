import { z } from "zod";
import { KeyOptions } from "../dlms/key-options.ts";
import { meterZones } from "../meter-zone.ts";
import { SerialOptions } from "../serial-options.ts";

/** Options in YAML. */
export const HanOptions = z.strictObject({
  ...SerialOptions,
  ...KeyOptions,
  /** Zone of the meter's clock by its winter time, for meters that do not say it. */
  zone: z.enum(meterZones).default("CET"),
  /** Kamstrup only: what one count of energy stands for. 10 in Norway and Denmark, 1 in most of Sweden; compare with the display. */
  energy_step_wh: z.union([z.literal(1), z.literal(10)]).default(10),
});
