import { z } from "zod";
import { AppError } from "../../../core/app-error.ts";
import { iso } from "../../../core/clock/clock.ts";
import { nominalPhaseV } from "../../../core/nominal-voltage.ts";
import type { OperationMode, Setting } from "../../../core/setting.ts";

/** A for each phase, or W of all phases together. */
export type RateUnit = "A" | "W";

/** How the charger is connected. */
export interface Wiring {
  minA: number;
  maxA: number;
  phases: 1 | 3;
}

/** SetChargingProfile.req, csChargingProfiles. @see OCPP 1.6, chapter 7.8 */
export interface ChargingProfile {
  chargingProfileId: number;
  stackLevel: number;
  chargingProfilePurpose: "TxDefaultProfile";
  chargingProfileKind: "Absolute";
  validTo?: string;
  chargingSchedule: {
    startSchedule: string;
    duration?: number;
    chargingRateUnit: RateUnit;
    chargingSchedulePeriod: { startPeriod: number; limit: number; numberPhases: number }[];
  };
}

/** GetCompositeSchedule.conf. */
export const CompositeSchedule = z.object({
  status: z.string(),
  scheduleStart: z.string().optional(),
  chargingSchedule: z
    .object({
      startSchedule: z.string().optional(),
      chargingRateUnit: z.enum(["A", "W"]),
      chargingSchedulePeriod: z.array(z.object({ startPeriod: z.number(), limit: z.number() })),
    })
    .optional(),
});
export type CompositeSchedule = z.infer<typeof CompositeSchedule>;

/** The modes "off" and "charge", with the range of the charger. */
export function modesOf({ minA, maxA, phases }: Wiring): [OperationMode, OperationMode] {
  return [
    { id: "off", minW: 0, maxW: 0 },
    { id: "charge", minW: minA * phases * nominalPhaseV, maxW: maxA * phases * nominalPhaseV },
  ];
}

/** A setting as a limit, rounded down to 0.1 A or 1 W. @throws AppError device-bad-setting */
export function limitOf({ mode, powerW }: Setting, wiring: Wiring, unit: RateUnit): number {
  if (mode === "off") return 0;
  const [, { minW, maxW }] = modesOf(wiring);
  if (mode !== "charge" || !(powerW >= minW && powerW <= maxW))
    throw new AppError(
      "device-bad-setting",
      `a charger can be set to off, or to charge with ${minW} to ${maxW} W; not ${mode} ${powerW} W`,
    );
  if (unit === "W") return Math.floor(powerW);
  return Math.floor((powerW / (wiring.phases * nominalPhaseV)) * 10 + 1e-6) / 10;
}

/** What a limit means: "off" below the least current. */
export function settingOf(limit: number, wiring: Wiring, unit: RateUnit): Setting {
  const [, { minW, maxW }] = modesOf(wiring);
  const powerW = Math.floor((unit === "W" ? limit : limit * wiring.phases * nominalPhaseV) + 1e-6);
  return powerW < minW ? { mode: "off", powerW: 0 } : { mode: "charge", powerW: Math.min(powerW, maxW) };
}

/** The limit that holds at an instant; undefined where the answer does not say. */
export function limitNow(
  { scheduleStart, chargingSchedule }: CompositeSchedule,
  nowMs: number,
): { limit: number; unit: RateUnit } | undefined {
  if (!chargingSchedule) return undefined;
  const { chargingSchedulePeriod: periods, chargingRateUnit: unit } = chargingSchedule;
  const startMs = Date.parse(chargingSchedule.startSchedule ?? scheduleStart ?? "");
  const sinceS = Number.isNaN(startMs) ? 0 : Math.max(0, (nowMs - startMs) / 1000);
  const running = periods
    .filter(({ startPeriod }) => startPeriod <= sinceS)
    .toSorted((one, other) => one.startPeriod - other.startPeriod);
  const limit = (running.at(-1) ?? periods[0])?.limit;
  return limit === undefined ? undefined : { limit, unit };
}

/** What a charger can hold, by its configuration. */
export interface Abilities {
  unit: RateUnit;
  /** Of ChargeProfileMaxStackLevel. */
  mostStackLevel: number;
  /** Of ChargingScheduleMaxPeriods. */
  mostPeriods: number;
}

/** Schedules begin so long ago, in case that the charger's clock is behind. */
const lagS = 60;

/**
 * The profiles that make a charger keep a limit, to be sent in this order; both kinds live on without us.
 * With `after` it goes over to another limit by itself when nothing new came for so long: in one schedule of two periods, so
 * that nothing but one profile need be kept; where the charger takes one period only, by a profile that ends above one that
 * stays. @throws AppError device-not-following where it can do neither
 */
export function profilesOf(options: {
  limit: number;
  after?: { limit: number; afterS: number };
  wiring: Wiring;
  abilities: Abilities;
  nowMs: number;
}): ChargingProfile[] {
  const { limit, after, wiring, abilities, nowMs } = options;
  const { unit, mostStackLevel, mostPeriods } = abilities;
  const profile = (id: number, stackLevel: number, limits: [number, number][], endsAfterS?: number): ChargingProfile => ({
    chargingProfileId: id,
    stackLevel,
    chargingProfilePurpose: "TxDefaultProfile",
    chargingProfileKind: "Absolute",
    ...(endsAfterS !== undefined && { validTo: iso(nowMs + endsAfterS * 1000) }),
    chargingSchedule: {
      startSchedule: iso(nowMs - lagS * 1000),
      ...(endsAfterS !== undefined && { duration: lagS + endsAfterS }),
      chargingRateUnit: unit,
      chargingSchedulePeriod: limits.map(([startPeriod, one]) => ({ startPeriod, limit: one, numberPhases: wiring.phases })),
    },
  });
  if (!after || after.limit === limit) return [profile(1, mostStackLevel, [[0, limit]])];
  if (mostPeriods >= 2)
    return [
      profile(1, mostStackLevel, [
        [0, limit],
        [lagS + after.afterS, after.limit],
      ]),
    ];
  if (mostStackLevel >= 1)
    return [profile(2, mostStackLevel - 1, [[0, after.limit]]), profile(1, mostStackLevel, [[0, limit]], after.afterS)];
  throw new AppError(
    "device-not-following",
    "the charger keeps one profile of one period only, so it cannot fall back by itself; it needs a failsafe of its own",
  );
}
