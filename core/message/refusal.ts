import { z } from "zod";

/** Characters of a reason. */
export const mostReason = 500;

/**
 * up/refused: a signed message that the home believed and could not use, such as one with a value of a later version. A list of
 * instructions has an answer of its own (up/ack).
 */
export const Refusal = z.object({
  v: z.literal(1),
  /** The topic after dn/. */
  topic: z.string().max(128),
  kid: z.string().max(128),
  seq: z.int().nonnegative(),
  code: z.string().max(64),
  message: z.string().max(mostReason),
});
export type Refusal = z.infer<typeof Refusal>;
