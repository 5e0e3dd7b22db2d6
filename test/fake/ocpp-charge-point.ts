import { OcppClient } from "@evpower/ocpp-ts";
import { onTestFinished } from "vitest";
import type { Clock } from "../../core/clock/clock.ts";

interface Profile {
  chargingProfileId: number;
  stackLevel: number;
  chargingProfilePurpose: string;
  validTo?: string;
  chargingSchedule: {
    startSchedule?: string;
    duration?: number;
    chargingRateUnit: "A" | "W";
    chargingSchedulePeriod: { startPeriod: number; limit: number; numberPhases?: number }[];
  };
}

/** A charger with one connector, spoken by a library that is not the project's own. */
export interface ChargePoint {
  profiles: Profile[];
  /** Requests of the central system, in order. */
  asked: [action: string, request: Record<string, unknown>][];
  /** Answer to the next and all further requests of an action instead of the charger's own; undefined never answers. */
  instead: Map<string, object | undefined>;
  /** How far its clock is ahead, ms. */
  clockAheadMs: number;
  /** The composite schedule leaves out defaults for transactions. */
  blind: boolean;
  /** What it would let a car draw now; its own maximum without a profile. */
  limit(): { limit: number; unit: "A" | "W" };
  send(action: string, request: object): Promise<Record<string, unknown>>;
  connect(): Promise<void>;
  close(): Promise<void>;
}

/** What a charger of our days says of itself. */
export const usualConfiguration: Record<string, string> = {
  ChargingScheduleAllowedChargingRateUnit: "Current",
  ChargeProfileMaxStackLevel: "8",
  ChargingScheduleMaxPeriods: "24",
  MeterValueSampleInterval: "60",
  MeterValuesSampledData: "Energy.Active.Import.Register,Power.Active.Import",
};

/** @param options.url ending with a slash; the id follows */
export function ocppChargePoint(options: {
  url: string;
  id: string;
  clock: Clock;
  password?: string;
  configuration?: Record<string, string>;
}): ChargePoint {
  const { url, id, clock, password } = options;
  const configuration = { ...usualConfiguration, ...options.configuration };
  const ownMaximum = { limit: 32, unit: "A" as const };
  let client = new OcppClient(id);

  const point: ChargePoint = {
    profiles: [],
    asked: [],
    instead: new Map(),
    clockAheadMs: 0,
    blind: false,
    limit() {
      const now = clock.now() + point.clockAheadMs;
      const running = point.profiles
        .flatMap((profile) => {
          const { startSchedule, duration, chargingRateUnit: unit, chargingSchedulePeriod: periods } = profile.chargingSchedule;
          const sinceS = (now - Date.parse(startSchedule ?? "")) / 1000;
          const ended = duration !== undefined && sinceS >= duration;
          if (sinceS < 0 || ended || (profile.validTo !== undefined && Date.parse(profile.validTo) <= now)) return [];
          const period = periods.findLast(({ startPeriod }) => startPeriod <= sinceS);
          return period ? [{ level: profile.stackLevel, limit: period.limit, unit }] : [];
        })
        .toSorted((one, other) => other.level - one.level);
      const [top] = running;
      return top ? { limit: top.limit, unit: top.unit } : ownMaximum;
    },
    send: (action, request) => (client as unknown as { callRequest: ChargePoint["send"] }).callRequest(action, request),
    async connect() {
      client = new OcppClient(id);
      for (const [action, answer] of Object.entries(answers))
        client.on(
          action as "GetConfiguration",
          ((request: never, reply: (answer: object) => void) => {
            point.asked.push([action, request]);
            const own = answer(request);
            if (!point.instead.has(action)) return reply(own);
            const other = point.instead.get(action);
            if (other) reply(other);
          }) as never,
        );
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      client.on("connect", () => resolve());
      client.on("error", (error) => reject(error));
      const login = Buffer.from(`${id}:${password}`).toString("base64");
      client.connect(url, password === undefined ? {} : { authorization: `Basic ${login}` });
      await promise;
    },
    async close() {
      const { promise, resolve } = Promise.withResolvers<void>();
      client.on("close", () => resolve());
      client.close();
      await promise;
    },
  };

  const answers: Record<string, (request: never) => object> = {
    SetChargingProfile({ csChargingProfiles: profile }: { csChargingProfiles: Profile }) {
      const unit = profile.chargingSchedule.chargingRateUnit === "A" ? "Current" : "Power";
      const fits =
        (configuration["ChargingScheduleAllowedChargingRateUnit"] ?? "").includes(unit) &&
        profile.stackLevel <= Number(configuration["ChargeProfileMaxStackLevel"]) &&
        profile.chargingSchedule.chargingSchedulePeriod.length <= Number(configuration["ChargingScheduleMaxPeriods"]);
      if (!fits || point.instead.has("SetChargingProfile")) return { status: "Rejected" };
      // Same level and purpose, or same id: replaced (OCPP 1.6, chapter 3.13.2).
      point.profiles = point.profiles.filter(
        ({ stackLevel, chargingProfileId }) =>
          stackLevel !== profile.stackLevel && chargingProfileId !== profile.chargingProfileId,
      );
      point.profiles.push(profile);
      return { status: "Accepted" };
    },
    GetCompositeSchedule({ connectorId }: { connectorId: number }) {
      const { limit, unit } = point.blind ? ownMaximum : point.limit();
      const startSchedule = new Date(clock.now() + point.clockAheadMs).toISOString();
      return {
        status: "Accepted",
        connectorId,
        scheduleStart: startSchedule,
        chargingSchedule: {
          duration: 60,
          startSchedule,
          chargingRateUnit: unit,
          chargingSchedulePeriod: [{ startPeriod: 0, limit }],
        },
      };
    },
    GetConfiguration: ({ key }: { key: string[] }) => ({
      configurationKey: key
        .filter((one) => one in configuration)
        .map((one) => ({ key: one, readonly: false, value: configuration[one] })),
      unknownKey: key.filter((one) => !(one in configuration)),
    }),
    ChangeConfiguration({ key, value }: { key: string; value: string }) {
      configuration[key] = value;
      return { status: "Accepted" };
    },
    TriggerMessage: () => ({ status: "Accepted" }),
  };
  onTestFinished(() => client.close());
  return point;
}
