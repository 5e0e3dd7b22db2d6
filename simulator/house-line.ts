import { z } from "zod";
import { Constraint } from "./house/constraints.ts";

/** What a simulated house says of itself, as one JSON line. Counters in Wh, power in W (import positive), instants ISO 8601. */
export const HouseLine = z.object({
  kind: z.literal("house"),
  name: z.string(),
  at: z.iso.datetime(),
  importWh: z.int(),
  exportWh: z.int(),
  tankC: z.number(),
  roomC: z.number(),
  /** What the car has got since it came home. */
  evWh: z.int(),
  powerW: z.object({
    base: z.number(),
    ev: z.number(),
    boiler: z.number(),
    heatpump: z.number(),
    solar: z.number(),
    battery: z.number().default(0),
    net: z.number(),
  }),
  /** Closed contacts. */
  relays: z.object({ boiler: z.boolean(), ev: z.boolean(), heatpump: z.boolean() }),
  /** Commands to relays so far. */
  writes: z.int(),
  constraints: z.array(Constraint),
});
export type HouseLine = z.infer<typeof HouseLine>;
