import { z } from "zod";
import { Instant } from "../../core/message/fields.ts";

/** Money above or at zero in micro-units, written in one way only, as it is hashed. */
export const Amount = z.string().regex(/^(0|[1-9]\d{0,29})$/, 'micro-units from 0 without leading zeros, such as "250000"');

/** An instant on a whole second. */
export const WholeSecond = Instant.refine((text) => !/\.\d*[1-9]/.test(text), "an instant on a whole second");

/** An IANA time zone. */
export const Timezone = z.string().refine(knownZone, 'an IANA time zone such as "Europe/Amsterdam"');

function knownZone(zone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat("en", { timeZone: zone }));
  } catch {
    return false;
  }
}
