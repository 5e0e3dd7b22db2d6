import { z } from "zod";
import { LocalTime, Name } from "../../core/message/fields.ts";
import { batteryDrivers, chargerDrivers, dialingChargerDrivers, pvDrivers } from "../../drivers/appliance-registry.ts";
import { anyDriverConfig, driverConfig } from "../../drivers/registry.ts";

/** Temperatures in °C by a sensor; each bound may be left out. */
const band = {
  min_c: z.number().min(-20).max(95).optional(),
  max_c: z.number().min(-20).max(95).optional(),
  /** Below it pipes freeze: the appliance runs whatever else is said, as far as the fuse lets it. */
  frost_c: z.number().min(-20).max(20).optional(),
  hysteresis_c: z.number().positive().max(20).default(1),
};
const energy = { energy_wh_per_day: z.int().positive(), not_before: LocalTime, ready_by: LocalTime };
/** SG-Ready and most heat pumps allow no longer block. */
const blockS = z.int().positive().max(7200);

const cop = z.number().positive().max(10).default(1);

const common = {
  min_on_s: z.int().nonnegative().max(7200).default(300),
  min_off_s: z.int().nonnegative().max(7200).default(300),
  /** Phases of the house that it loads; left out, each phase may have to carry all of it. */
  phases: z
    .array(z.union([z.literal(1), z.literal(2), z.literal(3)]))
    .min(1)
    .max(3)
    .refine((phases) => new Set(phases).size === phases.length, "names a phase twice")
    .optional(),
  sensor: Name.optional(),
  /** A load meter that measures this appliance alone. */
  meter: Name.optional(),
  /** Somebody who switches the device by hand is not overruled for so long. */
  hand_hold_s: z.int().min(0).max(86_400).default(0),
  /** Hot water that it heats: with sensor, min_c and max_c the own plan goes by its temperature. */
  tank: z
    .strictObject({
      litres: z.number().positive().max(20_000),
      /** Of the room that it stands in. */
      ambient_c: z.number().min(-20).max(40).default(20),
      loss_w_per_k: z.number().nonnegative().max(1000).default(1.5),
      /** Heat for each unit of electricity: 1 of a heating rod. */
      cop,
    })
    .optional(),
  /** House or room that it heats, likewise: its mass and its loss to the outside. */
  room: z
    .strictObject({
      capacity_wh_per_k: z.number().positive().max(1_000_000),
      loss_w_per_k: z.number().nonnegative().max(10_000),
      cop,
    })
    .optional(),
};

/**
 * What is never controlled: food, health and safety hang on it. The name is taken so that its refusal can say why.
 */
export const refusedKinds = ["fridge", "freezer", "medical", "alarm", "network"] as const;

const comfortMissing = "missing; expected energy_wh_per_day with not_before and ready_by, or max_block_s with min_free_s";

const SwitchedLoad = z.strictObject({
  type: z.literal("switched_load"),
  /** What it is; refused where it must never be switched by a plan. */
  kind: z.enum(["water_heater", "heat_pump", "pool_pump", "heater", "ev", "other", ...refusedKinds]).default("other"),
  relay: z.string(),
  rated_power_w: z.int().positive().max(50_000),
  ...common,
  comfort: z.union(
    [z.strictObject({ ...energy, ...band }), z.strictObject({ max_block_s: blockS, min_free_s: z.int().positive(), ...band })],
    { error: ({ input }) => (input === undefined ? comfortMissing : undefined) },
  ),
});

const HeatPumpSgReady = z.strictObject({
  type: z.literal("heat_pump_sg_ready"),
  /** Contacts of the first and the second input. */
  relays: z.tuple(
    [z.string(), z.string()],
    "two names of relays, those of the first and of the second input, such as [sg1, sg2]",
  ),
  rated_power_w: z.int().positive().max(50_000),
  ...common,
  comfort: z
    .strictObject({ max_block_s: blockS.default(7200), min_free_s: z.int().positive().default(600), ...band })
    .default({ max_block_s: 7200, min_free_s: 600, hysteresis_c: 1 }),
});

const { min_on_s, min_off_s, hand_hold_s, meter } = common;

const charger = {
  type: z.literal("ev_charger"),
  min_on_s,
  min_off_s,
  hand_hold_s,
  meter,
  house_phases: common.phases,
  /** Where it goes when nobody speaks to it; 4.2 kW at most. */
  failsafe_current_a: z.number().min(0).max(18).default(6),
  battery_wh: z.int().positive().optional(),
  comfort: z.strictObject({ ...energy, target_soc_percent: z.number().min(1).max(100).optional() }),
};
const EvCharger = anyDriverConfig([
  driverConfig(chargerDrivers, { bus: z.string(), ...charger }),
  driverConfig(dialingChargerDrivers, charger),
]);

const Battery = driverConfig(batteryDrivers, {
  type: z.literal("battery"),
  bus: z.string(),
  hand_hold_s,
  meter,
  /** What it holds; left out, the house's own plan leaves it to itself. */
  capacity_wh: z.int().positive().max(10_000_000).optional(),
  /** Kept for what comes unforeseen. */
  min_soc_percent: z.number().min(0).max(90).default(10),
  /** Money for each kWh that goes in, and for each that comes out. */
  wear_per_kwh: z.number().nonnegative().max(10).default(0.01),
});

const Pv = driverConfig(pvDrivers, { type: z.literal("pv"), bus: z.string(), hand_hold_s });

const options = [SwitchedLoad, HeatPumpSgReady, EvCharger, Battery, Pv] as const;

/** One entry of `appliances` in the agent's YAML file, told apart by type and then by driver. */
export const Appliance: z.ZodType<z.output<(typeof options)[number]>> = z.discriminatedUnion(
  "type",
  // driverConfig gives unions by driver, which know their type at run time only.
  options as unknown as readonly [typeof SwitchedLoad, typeof HeatPumpSgReady],
);
export type ApplianceYaml = z.output<typeof Appliance>;
