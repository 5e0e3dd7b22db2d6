import type { ApplianceConfig } from "./config/appliance-config.ts";
import type { Switching } from "./store/control-store.ts";

/**
 * Energy that an appliance may have drawn in [from, to), Wh: what its settings let it draw, by the journal. Pure.
 * @param switchings of all appliances, oldest first
 */
export function drawnWh(
  { name, safe, modes }: Pick<ApplianceConfig, "name" | "safe" | "modes">,
  switchings: readonly Switching[],
  fromMs: number,
  toMs: number,
): number {
  const ratedW = modes.at(-1)?.maxW ?? 0;
  let powerW = safe.powerW;
  let sinceMs = fromMs;
  let wattMs = 0;
  for (const { resource, atMs, on, setting } of switchings) {
    if (resource !== name) continue;
    const at = Math.min(Math.max(atMs, fromMs), toMs);
    wattMs += Math.max(0, powerW) * (at - sinceMs);
    powerW = setting?.powerW ?? (on ? ratedW : 0);
    sinceMs = at;
  }
  return Math.floor((wattMs + Math.max(0, powerW) * (toMs - sinceMs)) / 3_600_000);
}
