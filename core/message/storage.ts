import { z } from "zod";
import { Instant, Micro } from "./fields.ts";

/** A day and a half of quarters of an hour, and some. */
const mostValues = 200;

/** Values one after the other from `start` on, each for `stepS` seconds. */
export const Foretold = z.object({
  start: Instant,
  stepS: z.int().min(300).max(3600),
  values: z.array(z.number()).min(1).max(mostValues),
});
export type Foretold = z.infer<typeof Foretold>;

/** Lowest and highest fill that a plan may bring about. */
const range = (least: number, most: number) =>
  z
    .object({ from: z.number().min(least).max(most), to: z.number().min(least).max(most) })
    .refine(({ from, to }) => from <= to, "from must not be above to");

const temperatures = range(-50, 150);

/**
 * What an appliance stores, and between which fill levels (S2 FRBC.StorageDescription). How fast a mode fills it stands with the
 * modes (`fillRate`). Fill levels are percent of a battery, °C of a tank or a room.
 */
export const Storage = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("battery"),
    capacityWh: z.int().positive(),
    /** Below `from` is what the household keeps for what comes unforeseen. */
    fillLevelRange: range(0, 100),
    /** Money for each kWh that goes in, and for each that comes out. */
    wearPerKwh: Micro.optional(),
  }),
  z.object({
    kind: z.literal("tank"),
    /** Heat for each °C. */
    whPerK: z.number().positive(),
    fillLevelRange: temperatures,
    /** S2 FRBC.LeakageBehaviour of a straight line: so much for each °C above what is around it. */
    leakage: z.object({ wPerK: z.number().nonnegative(), ambientC: z.number().min(-50).max(60) }),
    /** Heat that people will take, Wh in each step (S2 FRBC.UsageForecast). */
    usage: Foretold.optional(),
  }),
  z.object({
    kind: z.literal("room"),
    whPerK: z.number().positive(),
    fillLevelRange: temperatures,
    leakage: z.object({
      wPerK: z.number().nonnegative(),
      /** Outside temperature, °C; absent where the house does not know it. */
      outdoorC: Foretold.optional(),
    }),
  }),
]);
export type Storage = z.infer<typeof Storage>;

/** Panels that can be told to give less (S2 PEBC.PowerConstraints): what is held back is lost. */
export const Curtailment = z.object({
  consequence: z.literal("VANISH"),
  /** Operation mode in whose range the limit is set. */
  limitMode: z.string().max(32),
});
export type Curtailment = z.infer<typeof Curtailment>;

/** How full it was at a time (S2 FRBC.StorageStatus): percent of a battery, °C of a tank or a room. */
export const FillLevel = z.object({ value: z.number().min(-100).max(200), at: Instant });
export type FillLevel = z.infer<typeof FillLevel>;
