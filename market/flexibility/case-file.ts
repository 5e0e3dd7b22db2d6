import { z } from "zod";
import { Currency } from "../../core/message/fields.ts";

/** As many quarters of an hour as a week has. */
const mostSlots = 672;
const Name = z.string().min(1).max(80);
const Watts = z.union([z.number().min(-1e9).max(1e9), z.array(z.number().min(-1e9).max(1e9)).max(mostSlots)]);
const Limit = z.union([z.number().min(0).max(1e9), z.array(z.number().min(0).max(1e9)).max(mostSlots)]);
const PerKwh = z.union([z.number().min(-1e4).max(1e4), z.array(z.number().min(-1e4).max(1e4)).max(mostSlots)]);
const Micro = z.int().min(0).max(1e12);

const Element = z.strictObject({
  name: Name,
  kind: z.enum(["transformer", "line"]).default("line"),
  /** The element that feeds it; left out: the grid above. */
  above: Name.optional(),
  /** The most that may flow into it, and out of it; a figure for all slots or one each. Left out: nothing limits it. */
  import_limit_w: Limit.optional(),
  export_limit_w: Limit.optional(),
  /** Forecast of what is taken right there by those who take no part. */
  base_w: Watts.default(0),
});

const Load = z.strictObject({
  name: Name,
  /** Needed over the slots in which it may run. */
  energy_wh: z.number().min(0).max(1e9),
  power_w: z.number().positive().max(1e9),
  /** Slots in which it may run, from 0; left out: all. */
  slots: z
    .array(
      z
        .int()
        .min(0)
        .max(mostSlots - 1),
    )
    .max(mostSlots)
    .optional(),
  /** Only off or at its power for whole slots; its energy is a whole number of these. */
  on_off: z.boolean().default(false),
});
export type CaseLoad = z.infer<typeof Load>;

const Aggregator = z.strictObject({
  name: Name,
  /** The element that its loads and homes hang on. */
  point: Name,
  /** What its loads pay, currency per kWh. */
  import_price_per_kwh: PerKwh.default(0),
  loads: z.array(Load).max(100_000).default([]),
  /** Planning problems as `smart-mla plan` reads them, in the same slots; each is a home with prices of its own. */
  homes: z.array(z.unknown()).max(10_000).default([]),
  /** Share of the cost that it asks for on top. */
  margin: z.number().min(0).max(10).default(0),
  /** What its meters said afterwards, Wh a slot; given, the order is settled. */
  metered_wh: z.array(z.int().min(-1e12).max(1e12)).max(mostSlots).optional(),
});
export type CaseAggregator = z.infer<typeof Aggregator>;

/** A case as `market rounds` reads it. */
export const CaseFile = z.strictObject({
  v: z.literal(1).default(1),
  currency: Currency.default("EUR"),
  slot_minutes: z.int().min(5).max(60).default(15),
  slots: z.int().min(1).max(mostSlots),
  grid: z.array(Element).min(1).max(1000),
  aggregators: z.array(Aggregator).min(1).max(1000),
  /** The most that is paid for what is moved as asked, and what is taken for what is missing. */
  reserve_micro_per_kwh: Micro.default(1e9),
  penalty_micro_per_kwh: Micro.default(0),
  rounds: z.int().min(1).max(1000).default(60),
  /** How often each is asked in the repair at most: to fit in, to better its schedule, and once more both where that was not good. */
  repairs: z.int().min(1).max(4).default(4),
});
export type CaseFile = z.infer<typeof CaseFile>;
