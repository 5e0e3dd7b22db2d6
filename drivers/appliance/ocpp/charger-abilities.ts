import { z } from "zod";
import type { Log } from "../../../core/log.ts";
import type { CentralSystem } from "./central-system.ts";
import type { Abilities, RateUnit } from "./charging-profile.ts";

const Configuration = z.object({
  configurationKey: z
    .array(z.object({ key: z.string(), readonly: z.boolean().optional(), value: z.string().optional() }))
    .optional(),
});

/** What a charger can do: units in the order to try them. */
export type Offered = Omit<Abilities, "unit"> & { units: RateUnit[] };

/** A sample of power must come well within the time that it is believed, s. */
const sampleS = 30;
const power = "Power.Active.Import";

/**
 * Asks a charger for what matters here, and has it sample its power where it does not; what it does not say is taken as
 * usual. @throws AppError device-no-answer
 */
export async function chargerAbilities(system: CentralSystem, connector: number, log: Log): Promise<Offered> {
  const said = await system.call("GetConfiguration", {
    key: [
      "ChargingScheduleAllowedChargingRateUnit",
      "ChargeProfileMaxStackLevel",
      "ChargingScheduleMaxPeriods",
      "MeterValueSampleInterval",
      "MeterValuesSampledData",
    ],
  });
  const parsed = Configuration.safeParse("answer" in said ? said.answer : undefined);
  const values = new Map(parsed.data?.configurationKey?.map(({ key, value = "" }) => [key, value.trim()]));
  const number = (key: string): number | undefined => {
    const value = values.get(key);
    return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
  };

  const change = async (key: string, value: string): Promise<void> => {
    const done = await system.call("ChangeConfiguration", { key, value });
    log.info({ key, value, answer: "answer" in done ? done.answer : done.refused }, "charger configured");
  };
  const interval = number("MeterValueSampleInterval");
  if (interval !== undefined && (interval === 0 || interval > 2 * sampleS))
    await change("MeterValueSampleInterval", String(sampleS));
  const sampled = values.get("MeterValuesSampledData");
  if (sampled !== undefined && !sampled.split(",").some((one) => one.trim() === power))
    await change("MeterValuesSampledData", [...(sampled === "" ? [] : [sampled]), power].join(","));
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
