import { z } from "zod";
import { Instant, Micro } from "./fields.ts";

/** Two days of quarters of an hour, and some. */
const mostSlots = 200;
const mostSlotMs = 3_600_000;

/** What a household bought and sold of one delivery slot, all trades together. */
export const TradedSlot = z
  .object({
    start: Instant,
    end: Instant,
    boughtWh: z.int().min(0).max(1_000_000),
    soldWh: z.int().min(0).max(1_000_000),
    /**
     * The exchange's public prices for what is not done, micro-units per kWh: what energy brings that was bought and is not drawn, and
     * what energy costs that was sold and is not fed in. Null where the exchange has none.
     */
    undrawnPerKwh: Micro.nullable(),
    unfedPerKwh: Micro.nullable(),
  })
  .refine(({ start, end }) => isSpan(Date.parse(end) - Date.parse(start)), "a slot of up to an hour");
export type TradedSlot = z.infer<typeof TradedSlot>;

/**
 * up/traded, retained: sums of what a household has traded at an exchange, by slots that are not over. Of orders, prices and partners it
 * says nothing. Only with the household's consent (scope `trades`); an empty list takes back what was told.
 */
export const Traded = z.object({
  v: z.literal(1),
  at: Instant,
  slots: z
    .array(TradedSlot)
    .max(mostSlots)
    .refine(
      (slots) => slots.every(({ start }, at) => at === 0 || Date.parse(slots[at - 1]?.end ?? "") <= Date.parse(start)),
      "slots in rising order that do not overlap",
    ),
});
export type Traded = z.infer<typeof Traded>;

const isSpan = (ms: number): boolean => ms > 0 && ms <= mostSlotMs;
