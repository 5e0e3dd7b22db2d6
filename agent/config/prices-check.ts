import type { ConfigIssue } from "../../core/config-issue.ts";
import { isLoopback } from "./prices-schema.ts";
import type { AgentYaml } from "./schema.ts";

/** Currencies that a source has, where it is not the source that says so. */
const currencies: Record<string, readonly string[]> = {
  energi_data_service: ["DKK", "EUR"],
  hvakosterstrommen: ["NOK", "EUR"],
  energy_charts: ["EUR"],
  awattar: ["EUR"],
};

/** A currency that the source does not have, two tariffs of one day, and the internet in a simulation. */
export function pricesIssues({ site, prices, weather, simulation }: AgentYaml): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const has = prices && currencies[prices.provider.name];
  if (prices && has && !has.includes(site.currency))
    issues.push({
      path: ["prices", "provider", "name"],
      message: `${prices.provider.name} gives prices in ${has.join(" or ")}, site.currency is ${site.currency}`,
    });
  const days = prices?.tariff.map(({ valid_from: day }) => day) ?? [];
  for (const [index, day] of days.entries())
    if (days.indexOf(day) < index)
      issues.push({ path: ["prices", "tariff", index, "valid_from"], message: `two tariffs begin on ${day}` });
  if (!simulation) return issues;
  const message = "a configuration with simulation may only ask services on 127.0.0.1: its time runs too fast for others";
  const provider = prices?.provider;
  if (provider && provider.name !== "static" && provider.name !== "csv" && !isLoopback(provider.url ?? ""))
    issues.push({ path: ["prices", "provider"], message });
  if (weather && !isLoopback(weather.url)) issues.push({ path: ["weather"], message });
  return issues;
}
