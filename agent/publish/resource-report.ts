import { iso } from "../../core/clock/clock.ts";
import type { Resource, ResourceStatus } from "../../core/message/resource.ts";
import { windowAt } from "../../planner/demand-window.ts";
import type { ComfortWatch } from "../comfort.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { ApplianceConfig } from "../config/appliance-config.ts";
import type { ApplianceNow } from "../control-loop.ts";
import type { GivenWh } from "../given-energy.ts";
import type { Authority } from "../plan/intent.ts";
import type { Override } from "../plan/override.ts";
import { curtailmentOf, fillRates, storageOf, type StoreForecast } from "./storage-report.ts";

/**
 * What the aggregator is told that it may control.
 * @param tellsMeter whether the household lets it know of single appliances: only then their meters' slots leave the house, and
 * what they store
 */
export function resourceOf(
  appliance: ApplianceConfig,
  site: AgentConfig["site"],
  tellsMeter: boolean,
  foretold: StoreForecast = {},
): Resource {
  const storage = tellsMeter ? storageOf(appliance, foretold) : undefined;
  const curtailment = curtailmentOf(appliance);
  return {
    v: 1,
    resource: appliance.name,
    controlType: "OMBC",
    operationModes: appliance.modes.map(({ id, minW, maxW }) => ({
      id,
      powerW: maxW,
      ...(minW !== maxW && { minPowerW: minW }),
      ...(storage && fillRates(appliance, minW, maxW)),
    })),
    minOnS: appliance.minOnMs / 1000,
    minOffS: appliance.minOffMs / 1000,
    failsafeMode: appliance.safe.mode,
    ...(appliance.demand && { demand: appliance.demand }),
    ...(storage && { storage }),
    ...(curtailment && { curtailment }),
    timezone: site.timezone,
    maxImportW: site.maxImportW,
    ...(site.maxExportW !== null && { maxExportW: site.maxExportW }),
    ...(tellsMeter && appliance.meter !== null && { meter: appliance.meter }),
  };
}

/**
 * How an appliance stands; energy given is that of the demand window.
 * @param now.sinceMs since when it is in its mode, where that is known
 * @param told.givenWh null without the household's consent: then neither power nor energy is told, nor how full it is
 */
export function statusOf(
  appliance: ApplianceConfig,
  now: ApplianceNow & { atMs: number; sinceMs?: number | undefined },
  told: { givenWh: GivenWh | null; zone: string; override?: Override | undefined; fill?: Fill | undefined },
): ResourceStatus {
  const { givenWh, zone, override, fill } = told;
  const window = appliance.demand?.kind === "energy" ? windowAt(appliance.demand, zone, now.atMs) : undefined;
  return {
    v: 1,
    resource: appliance.name,
    at: iso(now.atMs),
    operationModeId: now.setting.mode,
    ...(now.sinceMs !== undefined && { transitionTimestamp: iso(now.sinceMs) }),
    reason: now.reason,
    ...(givenWh && {
      powerW: now.setting.powerW,
      deliveredWh: window ? givenWh(appliance, window.fromMs, now.atMs) : 0,
      ...(fill && { fillLevel: { value: Math.round(fill.value * 100) / 100, at: iso(now.atMs - fill.ageMs) } }),
    }),
    ...(now.alarm !== undefined && { alarm: now.alarm.slice(0, 500) }),
    ...overrideOf(now.authority, override),
  };
}

/** How full a storage is, and since when that is known. */
type Fill = NonNullable<ReturnType<ComfortWatch["fill"]>>;

const causes: Partial<Record<Authority, "comfort" | "safety" | "comms">> = {
  comfort: "comfort",
  safety: "safety",
  local: "comms",
};

function overrideOf(authority: Authority, override: Override | undefined): Pick<ResourceStatus, "override"> {
  const cause = causes[authority];
  if (cause) return { override: { cause, until: null } };
  if (!override) return {};
  const { mode, untilMs } = override;
  return { override: { cause: mode === "hold" ? "hand" : "user", mode, until: iso(untilMs) } };
}
