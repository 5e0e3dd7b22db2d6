import type { ConfigIssue } from "../../core/config-issue.ts";
import { refusedKinds, type ApplianceYaml } from "./appliance-schema.ts";
import { have, own } from "./names.ts";
import type { AgentYaml } from "./schema.ts";

/** What is wrong with appliances beyond their own fields: relays and sensors that are not there or used twice, safe states. */
export function applianceIssues(config: AgentYaml): ConfigIssue[] {
  const users = new Map<string, string>();
  return Object.entries(config.appliances).flatMap(([name, appliance]) => [
    ...refusedIssues(name, appliance),
    ...relayIssues(name, appliance, config, users),
    ...comfortIssues(name, appliance, config),
  ]);
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
  const uses: [path: (string | number)[], relay: string][] =
    appliance.type === "switched_load"
      ? [[["appliances", name, "relay"], appliance.relay]]
      : appliance.relays.map((relay, index) => [["appliances", name, "relays", index], relay]);
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

function comfortIssues(name: string, appliance: ApplianceYaml, { relays, sensors }: AgentYaml): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const at = (...keys: string[]): string[] => ["appliances", name, ...keys];
  const { comfort, sensor } = appliance;
  if (appliance.type === "switched_load" && "max_block_s" in comfort && own(relays, appliance.relay)?.on_boot === "open")
    issues.push({
      path: at("comfort", "max_block_s"),
      message: `"${name}" runs by its own thermostat, so its safe state is on: relay "${appliance.relay}" needs on_boot: closed (and inverted: true where closing blocks it)`,
    });
  if ("energy_wh_per_day" in comfort && comfort.not_before === comfort.ready_by)
    issues.push({ path: at("comfort", "not_before"), message: "must differ from ready_by" });
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
