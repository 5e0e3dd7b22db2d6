import type { ConfigIssue } from "../../core/config-issue.ts";
import { nominalPhaseV } from "../../core/nominal-voltage.ts";
import { chargerFamilies } from "../../drivers/appliance/charger/charger-families.ts";
import type { ApplianceYaml } from "./appliance-schema.ts";

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
  const { mostA } = chargerFamilies[family];
  const above = (key: string, currentA: number): ConfigIssue => ({
    path: at(key),
    message: `${currentA} A is more than a ${family} can be set to (${mostA} A at most); write ${mostA} or less, or correct family`,
  });
  return [
    ...(minA > mostA && minA <= maxA ? [above("min_current_a", minA)] : []),
    ...(maxA > mostA ? [above("max_current_a", maxA)] : []),
  ];
}
