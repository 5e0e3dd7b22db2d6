import { z } from "zod";
import type { CentralSystem } from "./central-system.ts";
import type { Abilities, RateUnit } from "./charging-profile.ts";

const Configuration = z.object({
  configurationKey: z
    .array(z.object({ key: z.string(), readonly: z.boolean().optional(), value: z.string().optional() }))
    .optional(),
});

/** What a charger can do: units in the order to try them. */
export type Offered = Omit<Abilities, "unit"> & { units: RateUnit[] };

/**
 * Asks a charger for what matters here, and changes nothing in it; what it does not say is taken as usual.
 * @throws AppError device-no-answer
 */
export async function chargerAbilities(system: CentralSystem, connector: number): Promise<Offered> {
  const said = await system.call("GetConfiguration", {
    key: ["ChargingScheduleAllowedChargingRateUnit", "ChargeProfileMaxStackLevel", "ChargingScheduleMaxPeriods"],
  });
  const parsed = Configuration.safeParse("answer" in said ? said.answer : undefined);
  const values = new Map(parsed.data?.configurationKey?.map(({ key, value = "" }) => [key, value.trim()]));
  const number = (key: string): number | undefined => {
    const value = values.get(key);
    return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
  };

  await system.call("TriggerMessage", { requestedMessage: "StatusNotification", connectorId: connector });

  return {
    units: unitsOf(values.get("ChargingScheduleAllowedChargingRateUnit")),
    mostStackLevel: number("ChargeProfileMaxStackLevel") ?? 0,
    mostPeriods: number("ChargingScheduleMaxPeriods") ?? 2,
  };
}

/** "Current" and "Power" by the standard; some chargers write A and W. */
function unitsOf(text: string | undefined): RateUnit[] {
  const words = (text ?? "").split(",").map((word) => word.trim());
  const units = [
    ...(words.some((word) => word === "Current" || word === "A") ? (["A"] as const) : []),
    ...(words.some((word) => word === "Power" || word === "W") ? (["W"] as const) : []),
  ];
  return units.length > 0 ? units : ["A", "W"];
}
