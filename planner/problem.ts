import { z } from "zod";
import { amount, efficiency, figure, mostSlots, PlanInstant, Series, size, When } from "./problem-figures.ts";

const Name = z.string().min(1).max(64);
const watts = amount;

const common = {
  name: Name,
  /** Money that a missing kWh may cost; left out, the wish is kept at any price that the problem knows. */
  shortfall_price_per_kwh: amount.optional(),
};
/** When it may run, and how often it may change. Minutes are rounded up to slots. */
const run = {
  min_on_minutes: amount.default(0),
  min_off_minutes: amount.default(0),
  /** In one piece, once begun; with its least power or more throughout, so give that too. */
  single_window: z.boolean().default(false),
  start_cost: amount.default(0),
  /** How it stands at the start (left out: off, of a heat pump that may be locked: on), and for how long already. */
  was_on: z.boolean().optional(),
  was_for_minutes: amount.default(1440),
};

/** Bounds of the fill level at a time (`at`), or from `from` until `until`. */
const Bound = z.strictObject({
  at: When.optional(),
  from: When.optional(),
  until: When.optional(),
  min_wh: figure.optional(),
  max_wh: figure.optional(),
});

const storage = {
  ...common,
  capacity_wh: amount,
  min_wh: amount.default(0),
  /** Left out: the capacity. */
  max_wh: amount.optional(),
  /** Null where nobody knows. */
  initial_wh: figure.nullable(),
  charge_max_w: watts,
  /** It charges with 0 or at least this. */
  charge_min_w: watts.default(0),
  discharge_max_w: watts.default(0),
  charge_efficiency: efficiency.default(1),
  discharge_efficiency: efficiency.default(1),
  /** Share of the fill that is lost an hour. */
  leakage_per_hour: z.number().min(0).max(1).default(0),
  /** Money for each kWh that goes in and for each that comes out. */
  wear_per_kwh: amount.default(0),
  /** What a kWh that is left at the end is worth. */
  final_value_per_kwh: figure.default(0),
  charge_from_grid: z.boolean().default(true),
  discharge_to_grid: z.boolean().default(true),
  bounds: z.array(Bound).default([]),
  /** Least power to charge with until it is full, W. */
  demand_w: Series.default(0),
  /** Charges in one piece, with charge_min_w or more throughout. */
  single_window: z.boolean().default(false),
  start_cost: amount.default(0),
};

/** A battery of the house (S2 FRBC). */
const Battery = z.strictObject({ type: z.literal("battery"), ...storage });

/** A car (S2 FRBC; without a known state of charge, energy by a deadline). */
const Ev = z.strictObject({
  type: z.literal("ev"),
  ...storage,
  capacity_wh: amount.optional(),
  initial_wh: figure.nullable().default(null),
  /** When it is there; left out, always. */
  plugged: z.array(z.strictObject({ from: When.default(0), until: When.optional() })).optional(),
  ready_by: When.optional(),
  /** State of charge wanted at `ready_by`. */
  target_wh: amount.optional(),
  /** Or energy wanted by then, Wh that come in at the battery. */
  energy_wh: amount.optional(),
  /** Energy that trips take, Wh a slot. */
  usage_wh: Series.default(0),
});

/** Energy by a deadline without a store of its own: a pool pump, a heater rod (S2 OMBC with a demand). */
const Deferrable = z.strictObject({
  type: z.literal("deferrable"),
  ...common,
  energy_wh: amount,
  power_w: watts,
  /** False: any power from min_power_w to power_w. */
  on_off: z.boolean().default(true),
  min_power_w: watts.default(0),
  from: When.default(0),
  until: When.optional(),
  ...run,
});

/** A programme that runs once, unbroken (S2 PPBC): washing machine, dishwasher. */
const Cycle = z.strictObject({
  type: z.literal("cycle"),
  ...common,
  /** Mean power in each slot of its run. */
  profile_w: z.array(watts).min(1).max(288),
  from: When.default(0),
  until: When.optional(),
});

/** Hot water in one well-mixed tank. */
const WaterHeater = z.strictObject({
  type: z.literal("water_heater"),
  ...common,
  litres: size,
  initial_c: figure.nullable(),
  min_c: Series,
  max_c: Series,
  ambient_c: Series.default(20),
  loss_w_per_k: amount.default(1.5),
  /** Heat that people take, Wh a slot. */
  draw_wh: Series.default(0),
  power_w: watts,
  on_off: z.boolean().default(true),
  min_power_w: watts.default(0),
  /** Heat for each unit of electricity. */
  cop: Series.default(1),
  final_min_c: figure.optional(),
  final_value_per_kwh: figure.default(0),
  ...run,
});

/** A heat pump and the house that it warms: one heat capacity, one loss to the outside. */
const HeatPump = z.strictObject({
  type: z.literal("heat_pump"),
  ...common,
  capacity_wh_per_k: size,
  loss_w_per_k: amount,
  initial_c: figure.nullable(),
  outdoor_c: Series,
  /** Sun and people, W of heat. */
  gain_w: Series.default(0),
  min_c: Series,
  max_c: Series,
  power_w: watts,
  /** 0 or at least this. */
  min_power_w: watts.default(0),
  on_off: z.boolean().default(false),
  cop: Series.default(3),
  final_min_c: figure.optional(),
  final_value_per_kwh: figure.default(0),
  /** SG-Ready: how long it may be locked in one piece, and how long it must be free then. */
  max_lock_minutes: z.number().positive().max(1440).optional(),
  min_free_minutes: amount.default(10),
  ...run,
});

/** Runs by its own thermostat and can only be held off for a while; what it misses it makes good afterwards. */
const Blockable = z.strictObject({
  type: z.literal("blockable"),
  ...common,
  /** What it would draw by itself. */
  expected_w: Series,
  power_w: watts,
  max_block_minutes: z.number().positive().max(1440),
  min_free_minutes: amount.default(10),
  /** Held off for so long when the plan begins; it owes what it would have drawn. */
  blocked_minutes: amount.default(0),
  /** Money for each time it is let go again. */
  start_cost: amount.default(0),
});

export const ApplianceProblem = z.discriminatedUnion("type", [Battery, Ev, Deferrable, Cycle, WaterHeater, HeatPump, Blockable]);
export type ApplianceProblem = z.output<typeof ApplianceProblem>;

/**
 * One home's planning problem, as `smart-mla plan` reads it. Power in W, energy in Wh, temperature in °C, money in the
 * currency per kWh; consumption and import are positive.
 */
export const Problem = z.strictObject({
  version: z.literal(1).default(1),
  start: PlanInstant.optional(),
  /** Length of every slot; or slot_seconds, one each. */
  slot_minutes: z.number().min(1).max(1440).optional(),
  slot_seconds: z.array(z.number().min(1).max(86_400)).min(1).max(mostSlots).optional(),
  /** How many slots; left out, as many as the longest series has. */
  slots: z.int().positive().max(mostSlots).optional(),
  currency: z.string().default("EUR"),
  import_price_per_kwh: Series,
  export_price_per_kwh: Series.default(0),
  /** What the house draws apart from the appliances below. */
  base_load_w: Series.default(0),
  pv_w: Series.default(0),
  pv_curtailable: z.boolean().default(false),
  grid: z.strictObject({ import_limit_w: Series.optional(), export_limit_w: Series.optional() }).default({}),
  /**
   * What was bought and sold of each slot at an exchange, W: only what the meter shows beyond it is at the prices above. What is
   * bought and not drawn brings, and what is sold and not fed in costs, a price of its own; left out, the supplier's.
   */
  traded: z
    .strictObject({
      bought_w: Series.default(0),
      sold_w: Series.default(0),
      undrawn_price_per_kwh: Series.optional(),
      unfed_price_per_kwh: Series.optional(),
    })
    .optional(),
  /** A charge on the highest import of a slot, kW; what has been paid for already costs nothing more. */
  capacity_charge: z.strictObject({ price_per_kw: amount, already_peak_w: watts.default(0) }).optional(),
  appliances: z.array(ApplianceProblem).max(50).default([]),
  /** The plan in force, W a slot by appliance: kept where a new one is not better by more than keep_within (money). */
  previous: z.record(Name, z.array(figure)).optional(),
  keep_within: amount.default(0.01),
});
export type Problem = z.output<typeof Problem>;
