import { z } from "zod";
import { ControlKeyJwk } from "../envelope.ts";
import { Instant } from "./fields.ts";

/** Body of dn/keys: control keys that are to be believed from now on, and when others no longer are. */
export const KeyChange = z.object({
  v: z.literal(1),
  add: z.array(ControlKeyJwk).max(4),
  drop: z.array(z.object({ kid: z.string().min(1).max(128), at: Instant })).max(8),
});
export type KeyChange = z.infer<typeof KeyChange>;
