import { z } from "zod";

/** Options in YAML. Ratings of the plant, W; the device's own (WChaMax, WMax) are what its percents are of. */
export const SunspecBatteryOptions = z.strictObject({
  unit_id: z.int().min(1).max(247),
  max_charge_w: z.int().min(1).max(100_000),
  max_discharge_w: z.int().min(1).max(100_000),
  /** May charge from the grid: writes ChaGriSet, which stays in the device. Forbidden in some countries and tariffs. */
  grid_charging: z.boolean().default(false),
});

/** Options in YAML. */
export const SunspecPvOptions = z.strictObject({
  unit_id: z.int().min(1).max(247),
  max_power_w: z.int().min(1).max(1_000_000),
});
