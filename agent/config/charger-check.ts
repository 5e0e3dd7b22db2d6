import { isIP } from "node:net";
import type { ConfigIssue } from "../../core/config-issue.ts";
import { nominalPhaseV } from "../../core/nominal-voltage.ts";
import { chargerFamilies } from "../../drivers/appliance/charger/charger-families.ts";
import type { ApplianceYaml } from "./appliance-schema.ts";
import type { AgentYaml } from "./schema.ts";

/** @see EnWG 14a, EEBUS LPC */
const mostFailsafeW = 4_200;

type Charger = Extract<ApplianceYaml, { type: "ev_charger" }>;
/** Path of a field of the charger. */
type At = (...keys: string[]) => string[];

/** What is wrong with one charger beyond its single fields. */
export function chargerIssues(charger: Charger, at: At): ConfigIssue[] {
  const { phases, house_phases: housePhases, failsafe_current_a: failsafeA, comfort } = charger;
  const issues: ConfigIssue[] = familyIssues(charger, at);
  if (charger.min_current_a > charger.max_current_a)
    issues.push({ path: at("min_current_a"), message: `is above max_current_a ${charger.max_current_a}` });
  if (failsafeA * phases * nominalPhaseV > mostFailsafeW)
    issues.push({
      path: at("failsafe_current_a"),
      message: `${failsafeA} A on ${phases} phases is ${failsafeA * phases * nominalPhaseV} W; a charger that nobody speaks to takes at most ${mostFailsafeW} W`,
    });
  if (housePhases && housePhases.length !== phases)
    issues.push({
      path: at("house_phases"),
      message: `must name ${phases === 1 ? "one phase" : "three phases"}, as phases says`,
    });
  if (comfort.target_soc_percent !== undefined && charger.battery_wh === undefined)
    issues.push({ path: at("comfort", "target_soc_percent"), message: "needs battery_wh of the car" });
  return issues;
}

/** What the plan reckons with and the charger does not give would make it start too late for its deadline. */
function familyIssues(charger: Charger, at: At): ConfigIssue[] {
  if (charger.driver !== "modbus_charger") return [];
  const { family, min_current_a: minA, max_current_a: maxA } = charger;
  const { mostA, stepsPerA } = chargerFamilies[family];
  const above = (key: string, currentA: number): ConfigIssue => ({
    path: at(key),
    message: `${currentA} A is more than a ${family} can be set to (${mostA} A at most); write ${mostA} or less, or correct family`,
  });
  const between = (key: string, currentA: number): ConfigIssue[] => {
    const steps = currentA * stepsPerA;
    if (currentA > mostA || Math.abs(steps - Math.round(steps)) < 1e-6) return [];
    const [below, next] = [Math.floor(steps) / stepsPerA, Math.ceil(steps) / stepsPerA];
    const message = `${currentA} A is between two steps of a ${family}; write ${below} or ${next}`;
    return [{ path: at(key), message }];
  };
  return [
    ...between("min_current_a", minA),
    ...between("max_current_a", maxA),
    ...(minA > mostA && minA <= maxA ? [above("min_current_a", minA)] : []),
    ...(maxA > mostA ? [above("max_current_a", maxA)] : []),
  ];
}

/** Chargers that dial the gateway, each to a port of its own: of two on one port the second could not start. */
export function listenIssues({ appliances }: AgentYaml): ConfigIssue[] {
  const taken: { name: string; host: string; port: number }[] = [];
  return Object.entries(appliances).flatMap(([name, appliance]) => {
    if (appliance.type !== "ev_charger" || appliance.driver !== "ocpp16") return [];
    const { listen_host: host, listen_port: port } = appliance;
    const user = taken.find((one) => one.port === port && !areApart(one.host, host));
    taken.push({ name, host, port });
    if (!user) return [];
    const message = `port ${port} of ${host} is where "${user.name}" is dialled already; give each charger a port of its own`;
    return [{ path: ["appliances", name, "listen_port"], message }];
  });
}

/** Two addresses of one machine; a name may be any of them, and the address of all is every one. */
function areApart(host: string, other: string): boolean {
  const ofOne = (one: string): boolean => isIP(one) !== 0 && one !== "0.0.0.0" && one !== "::";
  return host !== other && ofOne(host) && ofOne(other);
}
