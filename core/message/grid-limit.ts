import { z } from "zod";
import { Instant } from "./fields.ts";

/**
 * dn/limit, retained, signed: what the house may take from the grid (OpenADR IMPORT_CAPACITY_LIMIT, EEBUS LPC). Not active
 * takes the limit back, whatever its figure. A limit of 0 W is a limit; a placeholder must not be active.
 */
export const GridLimit = z.object({
  v: z.literal(1),
  limitW: z.int().min(0).max(1e6),
  active: z.boolean(),
  /** From when it was signed; null: until further notice. */
  durationS: z.int().positive().nullable(),
});
export type GridLimit = z.infer<typeof GridLimit>;

/** up/limit, retained: how the gateway stands towards the grid operator. */
export const GridLimitStatus = z.object({
  v: z.literal(1),
  at: Instant,
  /** EEBUS LPC: failsafe while nobody is heard. */
  state: z.enum(["failsafe", "limited", "unlimited"]),
  /** What the house keeps to; null is unlimited. */
  limitW: z.int().nonnegative().nullable(),
  /** Present where this answers a limit that was not taken. */
  refused: z.object({ code: z.string().max(64), message: z.string().max(500) }).optional(),
});
export type GridLimitStatus = z.infer<typeof GridLimitStatus>;
