import { iso } from "../../core/clock/clock.ts";
import type { Log } from "../../core/log.ts";
import type { HomePlan } from "../../planner/community/home-party.ts";
import type { ReadHome } from "./read-home.ts";

/** Less is not worth a word, Wh. */
const worthWh = 50;
const mostTold = 10_000;

/** Tells of demands that a home's plan does not meet, each deadline once. */
export function missedDemands(log: Log): (home: Pick<ReadHome, "site" | "parts" | "devices">, plan: HomePlan) => void {
  const told = new Set<string>();
  return ({ site, parts, devices }, plan) => {
    for (const { name, resource: described, wanted } of parts) {
      if (!wanted) continue;
      const givenWh = plan.flows[devices.indexOf(name)]?.in.reduce((sum, wh) => sum + wh, 0) ?? 0;
      const missingWh = Math.round(wanted.wh - givenWh);
      if (missingWh < worthWh) continue;
      const { resource } = described;
      const ready = iso(wanted.readyMs);
      const key = JSON.stringify([site, resource, ready]);
      if (told.has(key)) continue;
      if (told.size >= mostTold) told.clear();
      told.add(key);
      log.warn({ site, resource, ready, missingWh }, "demand does not fit before its deadline");
    }
  };
}
