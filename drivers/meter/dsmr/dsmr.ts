import { z } from "zod";
import { AppError } from "../../../core/app-error.ts";
import type { ByteBus, SerialSettings } from "../../bus/byte-bus.ts";
import { framedMeter } from "../framed-meter.ts";
import type { PushMeter, Stamp } from "../meter.ts";
import { p1Framer } from "./p1-framer.ts";
import { parseP1 } from "./p1-parser.ts";
import { p1Reading } from "./p1-reading.ts";
import type { P1Zone } from "./p1-time.ts";

/** Options in YAML. DSMR 2.2 and 3 speak 9600 7E1, 4 and later 115200 8N1; a socket ignores the serial ones. */
export const DsmrOptions = z.strictObject({
  baud: z.int().min(300).max(921_600).default(115_200),
  data_bits: z.union([z.literal(7), z.literal(8)]).default(8),
  parity: z.enum(["none", "even", "odd"]).default("none"),
  stop_bits: z.union([z.literal(1), z.literal(2)]).default(1),
  /** Zone of the meter's clock by its winter time. */
  zone: z.enum(["WET", "CET", "EET"]).default("CET"),
});

/** Serial settings in the names of the bus. */
export function serialSettings(options: Omit<z.output<typeof DsmrOptions>, "zone">): SerialSettings {
  return { baud: options.baud, dataBits: options.data_bits, parity: options.parity, stopBits: options.stop_bits };
}

/**
 * A smart meter with a P1 port (DSMR 2.2 to 5, ESMR, eMUCS and kin), which sends a telegram every 1 to 10 s by itself.
 * Rejects frames with the framer's codes, p1-crc-missing, meter-impossible-reading.
 */
export function dsmr(options: { name: string; bus: ByteBus; stamp: Stamp; settings: SerialSettings; zone: P1Zone }): PushMeter {
  /** A meter that has ever sent a CRC always does: one without is damaged. A new meter opens the line anew. */
  let sendsCrc = false;
  return framedMeter({
    name: options.name,
    bus: options.bus,
    settings: options.settings,
    framer: p1Framer,
    opened: () => (sendsCrc = false),
    read(frame) {
      if (sendsCrc && !frame.checked)
        throw new AppError(
          "p1-crc-missing",
          `meter ${options.name} sent a telegram without the CRC that it sends else; check the line`,
        );
      sendsCrc ||= frame.checked;
      const { receivedMs, clockSynced } = options.stamp();
      return p1Reading(parseP1(frame.bytes), {
        meter: options.name,
        zone: options.zone,
        checked: frame.checked,
        receivedMs,
        clockSynced,
      });
    },
  });
}
