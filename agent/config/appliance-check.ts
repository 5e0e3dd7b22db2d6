import type { ConfigIssue } from "../../core/config-issue.ts";
import { refusedKinds, type ApplianceYaml } from "./appliance-schema.ts";
import { chargerIssues } from "./charger-check.ts";
import { have, own } from "./names.ts";
import type { AgentYaml } from "./schema.ts";

/** What is wrong with appliances beyond their own fields: relays and sensors that are not there or used twice, safe states. */
export function applianceIssues(config: AgentYaml): ConfigIssue[] {
  const users = new Map<string, string>();
  return Object.entries(config.appliances).flatMap(([name, appliance]) => [
    ...refusedIssues(name, appliance),
    ...relayIssues(name, appliance, config, users),
    ...meterIssues(name, appliance, config),
    ...comfortIssues(name, appliance, config),
  ]);
}

function meterIssues(name: string, appliance: ApplianceYaml, { meters }: AgentYaml): ConfigIssue[] {
  const wanted = "meter" in appliance ? appliance.meter : undefined;
  const path = ["appliances", name, "meter"];
  if (wanted === undefined) return [];
  const meter = own(meters, wanted);
  if (!meter) return [{ path, message: `no meter called "${wanted}" (have: ${have(Object.keys(meters))})` }];
  return meter.role === "load"
    ? []
    : [{ path, message: `meter "${wanted}" has role ${meter.role}; a load meter of "${name}" alone was expected` }];
}

function refusedIssues(name: string, appliance: ApplianceYaml): ConfigIssue[] {
  const kind = "kind" in appliance ? appliance.kind : undefined;
  if (!refusedKinds.some((refused) => refused === kind)) return [];
  return [
    {
      path: ["appliances", name, "kind"],
      message: `a ${kind} is never switched by a plan: food, health or safety hang on it; take "${name}" out of the file`,
    },
  ];
}

function relayIssues(name: string, appliance: ApplianceYaml, { relays }: AgentYaml, users: Map<string, string>): ConfigIssue[] {
  const uses = relaysOf(name, appliance);
  return uses.flatMap(([path, relay]) => {
    const issues: ConfigIssue[] = [];
    const found = own(relays, relay);
    if (!found) issues.push({ path, message: `no relay called "${relay}" (have: ${have(Object.keys(relays))})` });
    const user = users.get(relay);
    if (user !== undefined) issues.push({ path, message: `relay "${relay}" already switches "${user}"` });
    users.set(relay, name);
    if (appliance.type === "heat_pump_sg_ready" && found?.on_boot === "closed")
      issues.push({
        path,
        message: `both contacts of SG-Ready are open in its normal state: relay "${relay}" needs on_boot: open (and inverted: true where its contact rests closed)`,
      });
    return issues;
  });
}

function relaysOf(name: string, appliance: ApplianceYaml): [path: (string | number)[], relay: string][] {
  switch (appliance.type) {
    case "switched_load":
      return [[["appliances", name, "relay"], appliance.relay]];
    case "heat_pump_sg_ready":
      return appliance.relays.map((relay, index) => [["appliances", name, "relays", index], relay]);
    default:
      return [];
  }
}

function comfortIssues(name: string, appliance: ApplianceYaml, { relays, sensors }: AgentYaml): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const at = (...keys: string[]): string[] => ["appliances", name, ...keys];
  if (!("comfort" in appliance)) return issues;
  const { comfort } = appliance;
  if (appliance.type === "switched_load" && "max_block_s" in comfort && own(relays, appliance.relay)?.on_boot === "open")
    issues.push({
      path: at("comfort", "max_block_s"),
      message: `"${name}" runs by its own thermostat, so its safe state is on: relay "${appliance.relay}" needs on_boot: closed (and inverted: true where closing blocks it)`,
    });
  if ("energy_wh_per_day" in comfort && comfort.not_before === comfort.ready_by)
    issues.push({ path: at("comfort", "not_before"), message: "must differ from ready_by" });
  if (appliance.type === "ev_charger") return [...issues, ...chargerIssues(appliance, at)];
  return [...issues, ...temperatureIssues(name, appliance, sensors, at), ...modelIssues(appliance, at)];
}

type At = (...keys: string[]) => string[];
type Warming = Extract<ApplianceYaml, { type: "switched_load" | "heat_pump_sg_ready" }>;

/** A store is planned by its temperature: somebody must measure it, and say what it should be. */
function modelIssues({ tank, room, sensor, comfort }: Warming, at: At): ConfigIssue[] {
  if (tank && room) return [{ path: at("room"), message: "one of tank and room was expected, not both" }];
  const which = tank ? "tank" : room ? "room" : undefined;
  if (which === undefined) return [];
  if (sensor === undefined) return [{ path: at(which), message: `a ${which} is planned by its temperature: name its sensor` }];
  return (["min_c", "max_c"] as const)
    .filter((key) => comfort[key] === undefined)
    .map((key) => ({ path: at("comfort", key), message: `missing; a ${which} is planned between min_c and max_c` }));
}

function temperatureIssues(name: string, { comfort, sensor }: Warming, sensors: AgentYaml["sensors"], at: At): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (sensor !== undefined && !own(sensors, sensor))
    issues.push({ path: at("sensor"), message: `no sensor called "${sensor}" (have: ${have(Object.keys(sensors))})` });
  const bound = (["min_c", "max_c", "frost_c"] as const).find((key) => comfort[key] !== undefined);
  if (bound !== undefined && sensor === undefined)
    issues.push({ path: at("comfort", bound), message: `a temperature needs a sensor; name one as sensor of "${name}"` });
  const { min_c: minC, max_c: maxC, frost_c: frostC, hysteresis_c: hysteresisC } = comfort;
  if (minC !== undefined && maxC !== undefined && maxC - minC < 2 * hysteresisC)
    issues.push({
      path: at("comfort", "max_c"),
      message: `must be at least twice hysteresis_c (${hysteresisC}) above min_c ${minC}`,
    });
  if (minC !== undefined && frostC !== undefined && frostC > minC)
    issues.push({ path: at("comfort", "frost_c"), message: `must not be above min_c ${minC}` });
  return issues;
}
