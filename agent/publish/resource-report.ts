import { iso } from "../../core/clock/clock.ts";
import type { Resource, ResourceStatus } from "../../core/message/resource.ts";
import { windowAt } from "../../planner/demand-window.ts";
import type { ApplianceConfig, AgentConfig } from "../config/agent-config.ts";
import type { Override } from "../plan/override.ts";
import type { Switching } from "../store/control-store.ts";

/** What the aggregator is told that it may control. */
export function resourceOf(appliance: ApplianceConfig, site: AgentConfig["site"]): Resource {
  return {
    v: 1,
    resource: appliance.name,
    controlType: "OMBC",
    operationModes: [
      { id: "off", powerW: 0 },
      { id: "on", powerW: appliance.ratedPowerW },
    ],
    minOnS: appliance.minOnMs / 1000,
    minOffS: appliance.minOffMs / 1000,
    failsafeMode: appliance.safeOn ? "on" : "off",
    demand: appliance.demand,
    timezone: site.timezone,
    maxImportW: site.maxImportW,
  };
}

/** How an appliance stands; energy given is rated power times the time it was on in the demand window. */
export function statusOf(
  appliance: ApplianceConfig,
  now: { on: boolean; reason: string; atMs: number },
  switchings: readonly Switching[],
  zone: string,
  override?: Override,
): ResourceStatus {
  const window = appliance.demand.kind === "energy" ? windowAt(appliance.demand, zone, now.atMs) : undefined;
  const onMs = window
    ? onDurationMs(
        switchings.filter(({ resource }) => resource === appliance.name),
        appliance.safeOn,
        window.fromMs,
        now.atMs,
      )
    : 0;
  return {
    v: 1,
    resource: appliance.name,
    at: iso(now.atMs),
    operationModeId: now.on ? "on" : "off",
    reason: now.reason,
    deliveredWh: Math.floor((appliance.ratedPowerW * onMs) / 3_600_000),
    ...(override && { override: { mode: override.mode, until: iso(override.untilMs), cause: "user" as const } }),
  };
}

/** For how long an appliance was on in [from, to), by the journal; `before` holds where the journal begins later. */
export function onDurationMs(switchings: readonly Switching[], before: boolean, fromMs: number, toMs: number): number {
  let on = before;
  let sinceMs = fromMs;
  let totalMs = 0;
  for (const switching of switchings) {
    const atMs = Math.min(Math.max(switching.atMs, fromMs), toMs);
    if (on) totalMs += atMs - sinceMs;
    on = switching.on;
    sinceMs = atMs;
  }
  return on ? totalMs + toMs - sinceMs : totalMs;
}
