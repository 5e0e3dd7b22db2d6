import { z } from "zod";
import { sameSettings, type SerialSettings } from "../bus/byte-bus.ts";

/** Serial options in YAML of a meter that speaks by itself; what is left out is found by trying. */
export const SerialOptions = {
  baud: z.int().min(300).max(921_600).optional(),
  data_bits: z.union([z.literal(7), z.literal(8)]).optional(),
  parity: z.enum(["none", "even", "odd"]).optional(),
  stop_bits: z.union([z.literal(1), z.literal(2)]).optional(),
};

/** Settings as meters of a family are known to use them, with what the household has set; without doubles. */
export function serialCandidates(
  known: readonly [SerialSettings, ...SerialSettings[]],
  chosen: { [Name in keyof typeof SerialOptions]?: z.output<(typeof SerialOptions)[Name]> },
): [SerialSettings, ...SerialSettings[]] {
  const set = (settings: SerialSettings): SerialSettings => ({
    baud: chosen.baud ?? settings.baud,
    dataBits: chosen.data_bits ?? settings.dataBits,
    parity: chosen.parity ?? settings.parity,
    stopBits: chosen.stop_bits ?? settings.stopBits,
  });
  const [first, ...rest] = known;
  const candidates: [SerialSettings, ...SerialSettings[]] = [set(first)];
  for (const settings of rest.map(set)) if (!candidates.some((seen) => sameSettings(seen, settings))) candidates.push(settings);
  return candidates;
}
