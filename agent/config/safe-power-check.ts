import type { ConfigIssue } from "../../core/config-issue.ts";
import { applianceConfig, type ApplianceConfig } from "./appliance-config.ts";
import { fusePowerW } from "./fuse-power.ts";
import { have, own } from "./names.ts";
import type { AgentYaml } from "./schema.ts";

/** Safe states that together overload the house, or the fuse of one of its phases. */
export function safePowerIssues({ site, relays, appliances }: AgentYaml): ConfigIssue[] {
  const { fuse_a: fuseA, max_import_w: maxImportW, phases: phaseCount } = site.grid;
  const safe = Object.entries(appliances)
    .map(([name, appliance]) => applianceConfig(name, appliance, (relay) => own(relays, relay)?.on_boot === "closed"))
    .filter((appliance) => appliance.safe.powerW > 0);
  const path = ["appliances"];
  const issues: ConfigIssue[] = [];
  const safeW = safe.reduce((sum, { safe: { powerW } }) => sum + powerW, 0);
  if (safeW > maxImportW)
    issues.push({
      path,
      message: `with all appliances in their safe state ${namesOf(safe)} draw ${safeW} W, more than max_import_w ${maxImportW} W; let fewer relays have on_boot: closed`,
    });
  const fuseW = fusePowerW({ phases: 1, fuseA });
  const [fullest] = Array.from({ length: phaseCount }, (_, index) => loadOf(index + 1, safe)).toSorted(
    (a, b) => b.powerW - a.powerW,
  );
  if (fullest && fullest.powerW > fuseW)
    issues.push({
      path,
      message: `with all appliances in their safe state ${namesOf(fullest.by)} load phase ${fullest.phase} with ${Math.round(fullest.powerW)} W, more than its fuse of ${fuseA} A carries (${fuseW} W); let fewer relays have on_boot: closed, or name the phases of what does not load this one alone (it counts on each phase until then)`,
    });
  return issues;
}

/** What one phase carries, as the guard counts it: all of an appliance whose phases are not named. */
function loadOf(phase: number, safe: readonly ApplianceConfig[]): { phase: number; powerW: number; by: ApplianceConfig[] } {
  const by = safe.filter(({ phases }) => phases === null || phases.includes(phase));
  const powerW = by.reduce((sum, appliance) => sum + appliance.safe.powerW / (appliance.phases?.length ?? 1), 0);
  return { phase, powerW, by };
}

const namesOf = (appliances: readonly ApplianceConfig[]): string => have(appliances.map(({ name }) => name));
